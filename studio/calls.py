"""The calls of a notebook: ``studio.chat("…")`` and its kin, each a request, waited for.

They add nothing to the path: each builds the request that a click would build, submits it, and
turns the events into something that Jupyter shows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, overload

from contract.events import Artifact as ArtifactEvent
from contract.events import Segment, Usage
from contract.requests import (
    ChatRequest,
    ImageRequest,
    Message,
    Request,
    SpeechRequest,
    TranscribeRequest,
    TranslateRequest,
)
from store import StoredFile
from studio.caller import Caller
from studio.job import Job
from studio.results import Image, Passage, Sound, Stream, Text, Transcript


class Calls:
    """What a Studio offers beside ``submit``."""

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def artifact(self, artifact_id: str, caller: Caller) -> StoredFile:
        """Return a stored file; see Studio."""
        raise NotImplementedError

    @overload
    def chat(self, prompt: str | Sequence[Message], *, stream: Literal[False] = False, **settings: object) -> Text: ...
    @overload
    def chat(self, prompt: str | Sequence[Message], *, stream: Literal[True], **settings: object) -> Stream: ...
    def chat(self, prompt: str | Sequence[Message], *, stream: bool = False, **settings: object) -> Text | Stream:
        """Ask a chat model.

        Args:
            prompt: What the user says, or the whole conversation.
            stream: Return at once; iterate for the pieces.
            settings: Fields of ChatRequest: ``model``, ``max_tokens``, ``temperature``, ``seed``, …

        Raises:
            StudioError: It is refused or fails.
        """
        messages = (Message("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
        job = self.submit(ChatRequest(messages=messages, **settings))  # type: ignore[arg-type]  # checked by check()
        return Stream(job) if stream else _text(job)

    def translate(self, text: str, to: str, source: str | None = None, *, model: str | None = None) -> Text:
        """Translate ``text`` into the language ``to`` (ISO 639-1); ``source`` None: detect it."""
        return _text(self.submit(TranslateRequest(text=text, target_lang=to, source_lang=source, model=model)))

    def speak(self, text: str, *, voice: str | None = None, speed: float = 1.0) -> Sound:
        """Speak ``text``; ``speed`` from 0.5 to 2."""
        job = self.submit(SpeechRequest(text=text, model=voice, speed=speed))
        job.wait()
        files = {file.mime: file for file in self._files(job)}
        seconds = float(files["audio/wav"].details["seconds"])
        return Sound(files["audio/wav"].path, files["audio/mpeg"].path, seconds, _model(job), job.id)

    def transcribe(self, audio: str | Path, *, model: str | None = None, language: str | None = None) -> Transcript:
        """Write down what the recording in the file ``audio`` says."""
        job = self.submit(TranscribeRequest(audio=Path(audio), model=model, language=language))
        job.wait()
        passages = tuple(
            Passage(event.start_s, event.end_s, event.text.strip())
            for _, event in job.snapshot()
            if isinstance(event, Segment)
        )
        text = " ".join(passage.text for passage in passages)
        return Transcript(text, passages, _model(job), job.id, _duration(job))

    def image(self, prompt: str, **settings: object) -> list[Image]:
        """Draw ``prompt``; ``settings`` are fields of ImageRequest: ``seed``, ``width``, ``num_images``, …"""
        job = self.submit(ImageRequest(prompt=prompt, **settings))  # type: ignore[arg-type]  # checked by check()
        job.wait()
        return [
            Image(
                file.path,
                int(file.details["width"]),
                int(file.details["height"]),
                int(file.details["seed"]),
                _model(job),
                job.id,
            )
            for file in self._files(job)
        ]

    def _files(self, job: Job) -> list[StoredFile]:
        return [self.artifact(event.id, job.caller) for _, event in job.snapshot() if isinstance(event, ArtifactEvent)]


def _model(job: Job) -> str:
    return job.spec.id if job.spec else ""


def _duration(job: Job) -> float:
    return (job.times.finished or job.times.submitted) - job.times.submitted


def _text(job: Job) -> Text:
    job.wait()
    usage = Usage()
    for _, event in job.snapshot():
        if isinstance(event, Usage):
            usage = event
    return Text(job.text(), _model(job), job.id, usage, _duration(job))
