"""What surfaces ask of long texts: hand one in, have it read aloud, look at its sentences, cut it, delete it."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from contract.document_speech import ChapterFormat
from contract.errors import Conflict, InputTooLarge, InvalidRequest, NotFound, StudioError
from contract.ids import new_id
from contract.limits import Limits, check_text
from contract.models import Kind
from contract.narration import NarrateRequest
from contract.requests import Request
from engines.spoken import AsWritten, Reader, language_of
from store import Artifacts, Narration, Narrations, Sentence, StoredFile
from store.database import now
from store.narrations import Begins
from studio import jupyter
from studio.audio_chapters import Chapter, zip_chapters
from studio.caller import Caller
from studio.job import Job
from studio.reading import clean_name
from studio.registry import Registry
from studio.results import AudioBook, model_of
from studio.translating.narrating import Passage, read

LONGEST_SENTENCE = 300  # characters; see engines/piper.py
NAME_CHARACTERS = 60
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+\S|^[^\n]+\n {0,3}(?:=+|-{3,}) *$", re.MULTILINE)
_OWN = ("kind", "narration", "name")


class ReadingAloud:
    """A part of the Studio; see there."""

    limits: Limits
    artifacts: Artifacts
    registry: Registry
    narrations: Narrations

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def artifact(self, artifact_id: str, caller: Caller) -> StoredFile:
        """Return a stored file; see Studio."""
        raise NotImplementedError

    def add_narration(
        self, text: str | bytes, caller: Caller, name: str = "", **settings: str | float | bool | None
    ) -> Narration:
        """Keep a text or a document that is to be read aloud; ``narrate`` does it.

        Args:
            text: A text, whose Markdown headings begin chapters; or a file, as bytes.
            name: What it is called; of a file with its ending, which says what it is. "": after its first words.
            settings: Fields of NarrateRequest: ``form``, ``model``, ``speed``, …

        Raises:
            InvalidRequest: It can't be read, or has no words.  InputTooLarge: It is too long.
            ModelNotInstalled, UnknownModel: There is no such voice.
        """
        narration_id = new_id()
        asked = NarrateRequest(narration=narration_id, name=name or "text", **settings)  # type: ignore[arg-type]
        asked.check(self.limits)
        spec = self.registry.find(asked.model, "speech")
        if isinstance(text, bytes):
            name = clean_name(name)
            most = self.limits.translated_document_bytes
            if len(text) > most:
                raise InputTooLarge(
                    f"{name} has {len(text) / 1e6:,.0f} MB; the limit is {most / 1e6:,.0f} MB. Split it.",
                    field="file", limit=most,
                )  # fmt: skip
            passages = read(text, name, "en")
        else:
            check_text("text", text, self.limits.narration_characters)
            name = clean_name(name) if name.strip() else title_of(text)
            passages = _passages(text, name)
        characters = sum(len(each.text) for each in passages)
        if characters > self.limits.narration_characters:
            most = self.limits.narration_characters
            raise InputTooLarge(
                f"{name} has {characters:,} characters; the limit is {most:,}. Split it and send the parts.",
                field="text", limit=most,
            )  # fmt: skip
        reader = Reader(language_of(spec)) if asked.normalize_text else AsWritten()
        sentences = list(_sentences(passages, reader))
        if not sentences:
            raise InvalidRequest(f"{name} has no words that can be spoken. Choose another text.", field="text")
        _, path = self.artifacts.new_path(caller.owner, "audio/wav")
        at = now()
        kept = {each.name: getattr(asked, each.name) for each in fields(asked) if each.name not in _OWN}
        narration = Narration(
            id=narration_id, owner=caller.owner, name=name, settings={**kept, "model": spec.id}, state="waiting",
            sentences=len(sentences), characters=characters, created_at=at, updated_at=at,
            draft=path.with_suffix(".pcm").relative_to(self.artifacts.folder).as_posix(),
        )  # fmt: skip
        self.narrations.add(narration, sentences)
        return narration

    def narrate(self, narration_id: str, caller: Caller) -> Job:
        """Read a kept text aloud, or go on where it was; the job that does it already is given again.

        Raises:
            NotFound: There is no such text.  Conflict: It is read to its end.
        """
        found = self.narrations.get(narration_id, caller.owner)
        for job in self.jobs(caller, "speech"):
            if isinstance(job.request, NarrateRequest) and job.request.narration == found.id:
                return job
        if found.state == "done":
            raise Conflict(f"{found.name} is read to its end. Hand the text in again to have it read anew.")
        return self.submit(NarrateRequest(narration=found.id, name=found.name, **found.settings), caller)  # type: ignore[arg-type]

    def narration(self, narration_id: str, caller: Caller) -> Narration:
        """Return one of the caller's; raises NotFound."""
        return self.narrations.get(narration_id, caller.owner)

    def narration_sentences(
        self, narration_id: str, caller: Caller, after: int = -1, limit: int = -1
    ) -> list[Sentence]:
        """Return its sentences in order, from number ``after + 1`` on, with when each is heard; raises NotFound."""
        return self.narrations.sentences(self.narrations.get(narration_id, caller.owner).id, after, limit)

    def delete_narration(self, narration_id: str, caller: Caller) -> None:
        """Delete a text with its sound; a job that reads it is cancelled. Raises NotFound."""
        found = self.narrations.get(narration_id, caller.owner)
        for job in self.jobs(caller, "speech"):
            if isinstance(job.request, NarrateRequest) and job.request.narration == found.id:
                job.cancel()
        paths = [self.artifacts.folder / found.draft]
        with contextlib.suppress(StudioError):
            paths.append(self.artifacts.get(found.audio_id or "", caller.owner).path)
        self.narrations.delete(narration_id, caller.owner)
        for path in paths:
            path.unlink(missing_ok=True)

    def zip_narration(self, narration_id: str, caller: Caller, target: Path) -> str:
        """Write a ZIP with a file for each chapter of what was read; returns its name.

        Raises:
            NotFound: There is no such text, or it is not read to its end.  StorageFailed: The disk is full.
        """
        found = self.narrations.get(narration_id, caller.owner)
        if found.audio_id is None:
            raise NotFound(f"{found.name} is not read to its end yet. Wait for it, or go on with it.", id=found.id)
        file = self.artifacts.get(found.audio_id, caller.owner)
        stem = file.name.rpartition(".")[0]
        begun = [
            (each.chapter, each.start_s or 0.0) for each in self.narrations.sentences(found.id) if each.chapter
        ] or [(stem, 0.0)]
        ends = [*(start_s for _, start_s in begun[1:]), found.seconds]
        chapters = [Chapter(title, start_s, end_s) for (title, start_s), end_s in zip(begun, ends, strict=True)]
        form: ChapterFormat = found.settings["form"]  # type: ignore[assignment]  # it was checked when it was kept
        zip_chapters(file.path, form, [each for each in chapters if each.end_s > each.start_s], stem, target)
        return f"{stem}.zip"

    def read_aloud(
        self,
        text: str | os.PathLike[str],
        *,
        voice: str | None = None,
        form: ChapterFormat = "mp3",
        name: str = "",
        **settings: str | float | bool | None,
    ) -> AudioBook:
        """Read a long text, or a document by its path, aloud into one file with a chapter for each heading.

        Args:
            text: A text, or a ``Path`` of a Markdown, Word, EPUB, PDF, … file.
            voice: Its id; None: the default voice.
            form: ``mp3``, ``ogg`` or ``m4a``.
            settings: ``speed``, ``pitch``, ``volume``, ``pauses``, ``normalize_text``.
        """
        caller = Caller()
        if isinstance(text, str):
            kept = self.add_narration(text, caller, name, form=form, model=voice, **settings)
        else:
            path = Path(text)
            kept = self.add_narration(path.read_bytes(), caller, name or path.name, form=form, model=voice, **settings)
        job = self.narrate(kept.id, caller)
        jupyter.wait(job)
        found = self.narrations.get(kept.id, caller.owner)
        file = self.artifact(found.audio_id or "", caller)
        sentences = tuple(self.narrations.sentences(found.id))
        return AudioBook(file.path, found.seconds, found.chapters, sentences, model_of(job), job.id, found.id)

    def jobs(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return unfinished jobs; see Studio."""
        raise NotImplementedError


def title_of(text: str) -> str:
    """Return what a text is called after: its first heading, else its first words."""
    line = next((line.strip("# *_>\t") for line in text.splitlines() if any(map(str.isalnum, line))), "text")
    short = line if len(line) <= NAME_CHARACTERS else line[:NAME_CHARACTERS].rsplit(maxsplit=1)[0] + "…"
    return clean_name(short.replace("/", " ").replace("\\", " ").rstrip(".:;, "))


def _passages(text: str, name: str) -> list[Passage]:
    """Return the paragraphs of a text; Markdown is read as such only where it has headings."""
    if _HEADING.search(text):
        return read(text.encode(), f"{name}.md", "en")
    return [Passage(part.strip()) for part in re.split(r"\n\s*\n", text) if any(map(str.isalnum, part))]


def _sentences(passages: list[Passage], reader: Reader | AsWritten) -> Iterator[Sentence]:
    number = 0
    for passage in passages:
        begins: Begins = "chapter" if passage.chapter else "paragraph"
        chapter = passage.chapter
        for written in reader.cut(passage.text, LONGEST_SENTENCE):
            if not any(map(str.isalnum, written.original)):
                continue
            yield Sentence(number=number, begins=begins, chapter=chapter, text=written.original)
            number += 1
            begins, chapter = ("paragraph" if written.gap.count("\n") > 1 else "sentence"), ""
