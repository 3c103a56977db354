"""What surfaces ask of documents: hand one in, look at it, mend a segment, export it, hear it, throw it away."""

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

from contract.document_speech import ChapterFormat, SpeakDocumentRequest
from contract.document_translation import TranslateDocumentRequest
from contract.errors import Conflict, InputTooLarge, InvalidRequest
from contract.ids import new_id
from contract.limits import Limits, check_pair
from contract.models import Kind
from contract.requests import Request
from store import Artifacts, StoredFile, TranslatedDocument, TranslatedDocuments, TranslatedSegment
from store.database import now
from studio.caller import Caller
from studio.job import Job
from studio.settings import Settings
from studio.translating import checks, exports
from studio.translating.formats import format_of
from studio.translating.marked import bare, codes_of, parse
from studio.translating.papers import store, translated_name
from studio.translating.spoken_passages import SpokenPassages

LONGEST_NAME = 200
LONGEST_EDIT = 20_000


@dataclass(frozen=True, slots=True)
class Exported:
    """A file made on the spot."""

    name: str
    mime: str
    data: bytes


class Desk:
    """A part of the Studio; see there."""

    limits: Limits
    artifacts: Artifacts
    translated: TranslatedDocuments
    settings: Settings

    def begin_reading_aloud(self) -> SpokenPassages:
        """Open what was spoken of documents that are not read to their end; of those that are gone it goes."""
        self._spoken = SpokenPassages(self.settings.data_dir / "readings")
        self._spoken.drop_others(self.translated.ids())
        return self._spoken

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def job(self, job_id: str, caller: Caller) -> Job:
        """Return a job; see Studio."""
        raise NotImplementedError

    def jobs(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return unfinished jobs; see Studio."""
        raise NotImplementedError

    def detect(self, text: str) -> list[tuple[str, float]]:
        """Tell a text's language; see Studio."""
        raise NotImplementedError

    def hand_in(
        self, data: bytes, name: str, target_lang: str, caller: Caller, source_lang: str | None = None,
        model: str | None = None,
    ) -> TranslatedDocument:  # fmt: skip
        """Keep a document that is to be translated; the same one again is found, as far as it is done.

        Args:
            data: The file.  name: Its name; the ending says what it is.

        Raises:
            InvalidRequest: The ending or the languages can't be.  InputTooLarge: It is over the limit.
        """
        name = _plain_name(name)
        form = format_of(name)
        check_pair(source_lang, target_lang)
        if not data:
            raise InvalidRequest(f"{name} is empty (0 bytes). Choose the file again.", field="file")
        if len(data) > self.limits.translated_document_bytes:
            most = self.limits.translated_document_bytes
            raise InputTooLarge(
                f"The document has {len(data) / 1e6:,.0f} MB; the limit is {most / 1e6:,.0f} MB. "
                "Split it and send the parts.",
                field="file",
                limit=self.limits.translated_document_bytes,
            )
        file_id, path = self.artifacts.new_path(caller.owner, "application/octet-stream")
        at = now()
        document = TranslatedDocument(
            id=new_id(),
            owner=caller.owner,
            name=name,
            digest=hashlib.sha256(data).hexdigest(),
            file_id=file_id,
            source_lang=source_lang,
            target_lang=target_lang,
            model=model,
            state="waiting",
            job_id=None,
            result_id=None,
            segments=0,
            created_at=at,
            updated_at=at,
        )
        known = self.translated.same(document)
        if known is not None:
            return known
        store(path, data)
        file = StoredFile(
            id=file_id, owner=caller.owner, job_id=None, mime="application/octet-stream", name=name, path=path,
            size_bytes=len(data), created_at=at, details={"format": form.name},
        )  # fmt: skip
        self.translated.add(document, file, self.artifacts)
        return document

    def translate_document(
        self, document_id: str, caller: Caller, *, glossary: bool = True, memory: bool = True
    ) -> Job:
        """Translate a document that was handed in, or go on with it; the job that does it already is given again."""
        document = self.translated.get(document_id, caller.owner)
        if document.state in ("running", "waiting") and document.job_id is not None:
            with contextlib.suppress(Exception):
                job = self.job(document.job_id, caller)
                if not job.finished:
                    return job
        job = self.submit(
            TranslateDocumentRequest(
                document=document.id,
                name=document.name,
                source_lang=document.source_lang,
                target_lang=document.target_lang,
                model=document.model,
                glossary=glossary,
                memory=memory,
            ),
            caller,
        )
        return job

    def speak_document(
        self,
        document_id: str,
        caller: Caller,
        *,
        form: ChapterFormat = "mp3",
        voice: str | None = None,
        speed: float = 1.0,
        pitch: float = 1.0,
        volume: float = 1.0,
        pauses: float = 1.0,
    ) -> Job:
        """Read a document's translation aloud; the job that does the very same already is given again.

        What a cancelled or failed reading spoke in this voice is kept, so that the next one goes on from there.

        Args:
            voice: Its id; None: the best one here that speaks the language.
            speed, pitch, volume, pauses: As in SpeechRequest.

        Raises:
            Conflict: It is not translated yet.
        """
        document = self.translated.get(document_id, caller.owner)
        if document.result_id is None:
            raise Conflict(f"{document.name} is not translated yet. Translate it, then have it read aloud.")
        asked = SpeakDocumentRequest(
            document=document.id, name=document.name, form=form, model=voice, speed=speed, pitch=pitch, volume=volume,
            pauses=pauses,
        )  # fmt: skip
        running = (job for job in self.jobs(caller, "speech") if job.request == asked)
        return next(running, None) or self.submit(asked, caller)

    def translated_documents(
        self, caller: Caller, limit: int = 50, before: str | None = None
    ) -> list[TranslatedDocument]:
        """Return the caller's documents, the newest first."""
        return self.translated.latest(caller.owner, limit, before)

    def translated_document(self, document_id: str, caller: Caller) -> TranslatedDocument:
        """Return one document of the caller's; raises NotFound."""
        return self.translated.get(document_id, caller.owner)

    def document_segments(
        self, document_id: str, caller: Caller, after: int = -1, limit: int = 100, *, flagged: bool = False
    ) -> list[TranslatedSegment]:
        """Return a page of a document's segments, those with faults alone if asked for."""
        document = self.translated.get(document_id, caller.owner)
        return self.translated.page(document.id, after, limit, flagged=flagged)

    def edit_segment(self, document_id: str, number: int, text: str, caller: Caller) -> TranslatedSegment:
        """Put a person's translation in a segment's place; the file is written anew by ``translate_document``.

        Raises:
            InvalidRequest: It lacks one of the segment's codes, which stand for styles and pictures.
            Conflict: The document is being translated.
        """
        document = self.translated.get(document_id, caller.owner)
        if document.state == "running" and not self._ended(document, caller):
            raise Conflict("The document is being translated. Wait for its end, or cancel it, and edit then.")
        segment = self.translated.segment(document.id, number)
        if not text.strip() or len(text) > LONGEST_EDIT:
            raise InvalidRequest(
                f"text has {len(text):,} characters; it must have 1 to {LONGEST_EDIT:,}.", field="text"
            )
        if sorted(codes_of(text)) != sorted(codes_of(segment.source)):
            codes = " ".join(codes_of(segment.source)) or "none"
            raise InvalidRequest(f"text must have the same codes as its source, each once: {codes}.", field="text")
        found = checks.faults(
            bare(segment.source), bare(text), document.source_lang or "", document.target_lang, self.detect
        )
        edited = TranslatedSegment(
            number=number, source=segment.source, target=text, faults=tuple(found), origin="edit", similarity=0.0
        )
        self.translated.keep(document.id, [edited])
        if not parse(segment.source).spans:
            self.accept(bare(segment.source), bare(text), document, caller)
        return edited

    def accept(self, source: str, target: str, document: TranslatedDocument, caller: Caller) -> None:
        """Remember an accepted translation; see ``Remembering``."""
        raise NotImplementedError

    def delete_document(self, document_id: str, caller: Caller) -> None:
        """Delete a document, its segments and its files; a job that translates it is cancelled."""
        document = self.translated.get(document_id, caller.owner)
        if document.job_id is not None:
            with contextlib.suppress(Exception):
                self.job(document.job_id, caller).cancel()
        for job in self.jobs(caller, "speech"):
            if isinstance(job.request, SpeakDocumentRequest) and job.request.document == document.id:
                job.cancel()
        paths = []
        for file_id in (document.file_id, document.result_id, document.audio_id):
            if file_id is not None:
                with contextlib.suppress(Exception):
                    paths.append(self.artifacts.get(file_id, caller.owner).path)
        self.translated.delete(document_id, caller.owner)
        for path in paths:
            path.unlink(missing_ok=True)
        self._spoken.drop(document_id)

    def export_document(self, document_id: str, caller: Caller, form: exports.BilingualFormat) -> Exported:
        """Return a document in both languages."""
        document = self.translated.get(document_id, caller.owner)
        data = exports.bilingual(document, self.translated.segments(document.id), form)
        stem = translated_name(document.name, format_of(document.name), document.target_lang).rpartition(".")[0]
        return Exported(f"{stem}{exports.SUFFIX[form]}", exports.MIME[form], data)

    def _ended(self, document: TranslatedDocument, caller: Caller) -> bool:
        try:
            return self.job(document.job_id or "", caller).finished
        except Exception:
            return True


def _plain_name(name: str) -> str:
    """A file's name without any folder: it is shown and given back, and names no path here."""
    bare_name = PureWindowsPath(PurePosixPath(name).name).name
    kept = "".join(letter for letter in bare_name if letter.isprintable()).strip()
    return kept[-LONGEST_NAME:] or "document"
