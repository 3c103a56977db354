"""The calls of a notebook: ``studio.chat("…")`` and its kin, each a request, waited for.

They add nothing to the path: each builds the request that a click would build, submits it, and
turns the events into something that Jupyter shows. Interrupting the cell cancels the job.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Literal, TypeVar, overload

from contract.document_requests import DocumentRequest
from contract.documents import Attachment
from contract.errors import InvalidRequest, NotFound
from contract.events import Artifact as ArtifactEvent
from contract.events import DocumentRead, Segment
from contract.image_requests import ImageRequest, UpscaleRequest
from contract.messages import Message
from contract.requests import (
    ChatRequest,
    Request,
    SpeechRequest,
    Tone,
    TranscribeRequest,
    TranslateRequest,
    TranslationEngine,
)
from store import Collection, Collections, Documents, StoredFile
from studio import jupyter
from studio.caller import Caller
from studio.job import Job
from studio.results import Image, Images, Passage, Sound, Stream, Text, Transcript, duration_of, model_of

R = TypeVar("R", ChatRequest, ImageRequest)
Turns = Sequence[Message | Mapping[str, str]]
# What a call gives itself, or what only the dashboard sets.
NO_SETTINGS = ("messages", "prompt", "reply_id", "collections")


class Calls:
    """What a Studio offers beside ``submit``."""

    documents: Documents
    collections: Collections

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def artifact(self, artifact_id: str, caller: Caller) -> StoredFile:
        """Return a stored file; see Studio."""
        raise NotImplementedError

    @overload
    def chat(self, prompt: str | Turns, *, stream: Literal[False] = False, **settings: object) -> Text: ...
    @overload
    def chat(self, prompt: str | Turns, *, stream: Literal[True], **settings: object) -> Stream: ...
    def chat(self, prompt: str | Turns, *, stream: bool = False, **settings: object) -> Text | Stream:
        """Ask a chat model.

        Args:
            prompt: What the user says, or the whole conversation: messages, or dicts with ``role`` and ``content``.
            stream: Return at once; iterate for the pieces, or let Jupyter show the reply grow.
            settings: Fields of ChatRequest: ``model``, ``max_tokens``, ``temperature``, ``seed``, …

        Raises:
            StudioError: It is refused or fails.
        """
        job = self.submit(_request(ChatRequest, settings, messages=_messages(prompt)))
        return Stream(job) if stream else _text(job)

    def ask(
        self,
        question: str,
        *,
        collection: str | Sequence[str] = (),
        attachments: Sequence[str | os.PathLike[str]] = (),
        **settings: object,
    ) -> Text:
        """Ask a chat model about files; what it may cite is in the reply's ``sources``.

        Args:
            collection: The name or id of a collection, or several; their best passages go along.
            attachments: Files that go along, whole as far as they fit.
            settings: As in ``chat``.

        Raises:
            StudioError: A file can't be read, there is no such collection, or the request is refused or fails.
        """
        caller = Caller()
        texts, pictures = [], []
        for path in map(Path, attachments):
            job = self.submit(DocumentRequest(path=path, name=path.name), caller)
            jupyter.wait(job)
            read = next(event for _, event in job.snapshot() if isinstance(event, DocumentRead))
            if read.form == "image":
                pictures.append(path.read_bytes())
            else:
                texts.append(Attachment(read.name, self.documents.text(read.id, caller.owner)))
            self.documents.discard(read.id, caller.owner)
        wanted = (collection,) if isinstance(collection, str) else collection
        chosen = tuple(self.collections.named(each, caller.owner).id for each in wanted)
        message = Message("user", question, images=tuple(pictures), attachments=tuple(texts))
        return _text(self.submit(_request(ChatRequest, settings, messages=(message,), collections=chosen)))

    def collect(self, name: str, files: Sequence[str | os.PathLike[str]]) -> Collection:
        """Put files into a collection, made where there is none of that name, and make them searchable.

        Raises:
            StudioError: A file can't be read, or there is no embedding model.
        """
        caller = Caller()
        try:
            found = self.collections.named(name, caller.owner)
        except NotFound:
            found = self.collections.create(caller.owner, name)
        for path in map(Path, files):
            jupyter.wait(self.submit(DocumentRequest(path=path, name=path.name, collection=found.id), caller))
        return self.collections.get(found.id, caller.owner)

    def translate(
        self,
        text: str,
        to: str,
        source: str | None = None,
        *,
        model: str | None = None,
        engine: TranslationEngine | None = None,
        tone: Tone | None = None,
    ) -> Text:
        """Translate ``text`` into the language ``to`` (ISO 639-1); ``source`` None: detect it.

        Args:
            model: A translation or chat model's id.
            engine: ``firefox``, ``transformers`` or ``chat`` in its place; None: the best one here for the pair.
            tone: ``formal`` or ``informal``, where a chat model translates.

        Raises:
            StudioError: It is refused or fails.
        """
        asked = TranslateRequest(text=text, target_lang=to, source_lang=source, model=model, engine=engine, tone=tone)
        return _text(self.submit(asked))

    def speak(
        self,
        text: str,
        *,
        voice: str | None = None,
        speed: float = 1.0,
        pitch: float = 1.0,
        volume: float = 1.0,
        pauses: float = 1.0,
        lufs: float | None = None,
        normalize_text: bool = True,
    ) -> Sound:
        """Speak ``text``.

        Args:
            speed, pitch: 0.5 to 2 times the voice's own, one without the other.
            volume: 0 to 2 times the voice's own.
            pauses: Between sentences, 0 to 5 times the voice's own.
            lufs: A loudness to bring it to (ITU-R BS.1770), -40 to -8; None: as the voice has it.
            normalize_text: Say numbers and abbreviations in words.
        """
        asked = SpeechRequest(
            text=text,
            model=voice,
            speed=speed,
            pitch=pitch,
            volume=volume,
            pauses=pauses,
            lufs=lufs,
            normalize_text=normalize_text,
        )
        job = self.submit(asked)
        jupyter.wait(job)
        files = {file.mime: file for file in self._files(job)}
        seconds = float(files["audio/wav"].details["seconds"])
        return Sound(files["audio/wav"].path, files["audio/mpeg"].path, seconds, model_of(job), job.id)

    def transcribe(
        self, audio: str | os.PathLike[str], *, model: str | None = None, language: str | None = None
    ) -> Transcript:
        """Write down what a recording says: a file, or what ``speak`` returned."""
        job = self.submit(TranscribeRequest(audio=Path(audio), model=model, language=language))
        jupyter.wait(job)
        passages = tuple(
            Passage(event.start_s, event.end_s, event.text.strip())
            for _, event in job.snapshot()
            if isinstance(event, Segment)
        )
        text = " ".join(passage.text for passage in passages)
        return Transcript(text, passages, model_of(job), job.id, duration_of(job))

    def image(self, prompt: str, **settings: object) -> Images:
        """Draw ``prompt``; ``settings`` are fields of ImageRequest: ``seed``, ``width``, ``num_images``, …"""
        job = self.submit(_request(ImageRequest, settings, prompt=prompt))
        jupyter.wait(job)
        return Images(
            Image(
                file.path,
                int(file.details["width"]),
                int(file.details["height"]),
                int(file.details["seed"]),
                model_of(job),
                job.id,
            )
            for file in self._files(job)
        )

    def enlarge(
        self, picture: str | os.PathLike[str], scale: int = 2, *, model: str | None = None, prompt: str = ""
    ) -> Image:
        """Enlarge a picture: a file, or what ``image`` returned; ``model`` None: by Lanczos interpolation."""
        asked = UpscaleRequest(image=Path(picture).read_bytes(), scale=scale, model=model, prompt=prompt)
        job = self.submit(asked)
        jupyter.wait(job)
        file = self._files(job)[0]
        width, height = int(file.details["width"]), int(file.details["height"])
        return Image(file.path, width, height, None, model_of(job) or "lanczos", job.id)

    def _files(self, job: Job) -> list[StoredFile]:
        return [self.artifact(event.id, job.caller) for _, event in job.snapshot() if isinstance(event, ArtifactEvent)]


def _request(kind: type[R], settings: Mapping[str, object], **own: object) -> R:
    """Build a request; raises InvalidRequest for a setting that it has not."""
    known = [item.name for item in fields(kind) if item.name not in NO_SETTINGS]
    if unknown := next((name for name in settings if name not in known), None):
        raise InvalidRequest(f"There is no setting {unknown!r}. There are: {', '.join(known)}.", field=unknown)
    return kind(**own, **settings)  # type: ignore[arg-type]  # their values are checked by check()


def _messages(prompt: str | Turns) -> tuple[Message, ...]:
    if isinstance(prompt, str):
        return (Message("user", prompt),)
    try:
        return tuple(turn if isinstance(turn, Message) else Message(**turn) for turn in prompt)  # type: ignore[arg-type]
    except TypeError as exc:
        raise InvalidRequest(
            f"The prompt is {str(prompt)[:80]!r}; it must be a text, or messages with a role and a content.",
            field="messages",
        ) from exc


def _text(job: Job) -> Text:
    jupyter.wait(job)
    return Text.of(job)
