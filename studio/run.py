"""One job from its lane to its row: model made resident, engine run, outcome kept and told.

Everything an engine says passes through ``Outcome``: texts gather, speech and pictures become
files, a chat reply is saved as it grows. Whatever happens, ``finally`` writes one row to the log,
closes the job's row and its reply in the same transaction, and only then tells the last event.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from contract.errors import EngineFailed, StorageFailed, StudioError
from contract.events import (
    Artifact,
    AudioChunk,
    Cancelled,
    Delta,
    DocumentRead,
    Done,
    Embedding,
    EngineEvent,
    Failed,
    Finish,
    Grounded,
    Picture,
    RecordingAdded,
    Segment,
    Spoken,
    Terminal,
    ToolCallDelta,
    Usage,
)
from contract.ids import new_id
from contract.image_requests import UpscaleRequest
from contract.requests import (
    ChatRequest,
    SpeechRequest,
)
from store import (
    Artifacts,
    Conversations,
    Database,
    Documents,
    Interaction,
    Interactions,
    Jobs,
    StoredFile,
    Transaction,
    plain_text,
)
from store.database import now
from studio import image_parameters
from studio.audio import SpeechFile
from studio.job import Job
from studio.logged import TEXT_CHARACTERS, input_text, parameters
from studio.sources.address import without_query
from studio.voicing import Leveller, shape

log = structlog.get_logger(__name__)
SAVE_EVERY_S = 0.5
OUTPUTS = (Delta, ToolCallDelta, AudioChunk, Segment, Picture, Embedding)


@dataclass(slots=True)
class Outcome:
    """What a job has made so far.

    Attributes:
        kept: Ids of the ``files`` whose rows are written already; the others' come with the job's end.
    """

    job: Job
    artifacts: Artifacts
    conversations: Conversations
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = "stop"
    files: list[StoredFile] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    speech: SpeechFile | None = None
    leveller: Leveller | None = None
    grounded: Grounded = field(default_factory=Grounded)
    saved_at: float = 0.0
    too_long: int = 0

    @property
    def reply(self) -> str:
        """The whole text of a stored reply: what it had, where it goes on, and what was added."""
        request, begun = self.job.request, ""
        if isinstance(request, ChatRequest) and request.messages and request.messages[-1].role == "assistant":
            begun = request.messages[-1].content
        return begun + "".join(self.text)

    def take(self, event: EngineEvent | DocumentRead | RecordingAdded | Grounded) -> None:
        """Keep one event of the engine's and tell it to the followers."""
        job = self.job
        if job.times.first_output is None and isinstance(event, OUTPUTS):
            job.times.first_output = time.monotonic()
        match event:
            case AudioChunk():
                self._speak(event)
                return
            case Picture():
                self._keep_picture(event)
                return
            case Finish(reason):
                self.finish_reason = reason
                return
            case Delta():
                if (text := plain_text(event.text)) is not event.text:
                    event = replace(event, text=text)
                (self.reasoning if event.reasoning else self.text).append(event.text)
                job.publish(event)
                self._save_reply()
                return
            case ToolCallDelta(name=name, arguments=arguments):
                gap = "\n" if self.text or self.calls else ""
                self.calls.append(f"{gap}{name} {arguments}" if name else arguments)
            case Segment(text=text):
                self.text.append(text.strip() + "\n")
            case Usage():
                self.usage = event
            case Grounded():
                self.grounded = event
            case _:
                pass
        job.publish(event)

    def _save_reply(self) -> None:
        request = self.job.request
        if not isinstance(request, ChatRequest) or request.reply_id is None:
            return
        if time.monotonic() - self.saved_at >= SAVE_EVERY_S:
            self.saved_at = time.monotonic()
            self.conversations.grow(request.reply_id, self.reply, "".join(self.reasoning), self.job.id)

    def _speak(self, chunk: AudioChunk) -> None:
        if self.speech is None:
            owner = self.job.caller.owner
            self.speech = SpeechFile(
                self.artifacts.new_path(owner, "audio/wav")[1],
                self.artifacts.new_path(owner, "audio/mpeg")[1],
                chunk.sample_rate_hz,
            )
            self.job.speech = self.speech
        start = self.speech.seconds
        asked, pcm = self.job.request, chunk.pcm
        if isinstance(asked, SpeechRequest):  # a reply is spoken as the voice has it
            self.leveller = self.leveller or Leveller(chunk.sample_rate_hz, asked.lufs)
            pcm = self.leveller.level(shape(pcm, chunk.sample_rate_hz, asked.pitch, asked.volume))
        self.speech.write(pcm)
        self.job.publish(Spoken(start, self.speech.seconds, chunk.text))

    def _keep_picture(self, picture: Picture) -> None:
        """Store a picture with its row, so that it can be looked at while the next ones are drawn."""
        _, path = self.artifacts.new_path(self.job.caller.owner, "image/png")
        request, spec = self.job.request, self.job.spec
        try:
            path.write_bytes(image_parameters.kept_in(picture, request, spec.id if spec else ""))
        except OSError as exc:
            path.unlink(missing_ok=True)
            raise StorageFailed(f"Saving the image to {path} failed: {exc}. Free some space, try again.") from exc
        details = {"width": picture.width, "height": picture.height}
        if isinstance(request, UpscaleRequest):
            details["enlarged"] = request.scale
        elif picture.seed is not None:
            details["seed"] = picture.seed
        file = self._file(path, "image/png", f"hearth-{details.get('seed', 'enlarged')}.png", details)
        try:
            self.artifacts.keep(file)
        except StorageFailed:
            path.unlink(missing_ok=True)
            raise
        self.kept.add(file.id)
        self._tell_file(file)

    def keep_file(self, path: Path, mime: str, name: str, details: Mapping[str, str | int | float]) -> None:
        """Keep a file that the job has written to a path of the artifacts' own; its row comes with the job's end."""
        self._add_file(path, mime, name, details)

    def _add_file(self, path: Path, mime: str, name: str, details: Mapping[str, str | int | float]) -> None:
        self._tell_file(self._file(path, mime, name, details))

    def _file(self, path: Path, mime: str, name: str, details: Mapping[str, str | int | float]) -> StoredFile:
        return StoredFile(
            id=path.stem,
            owner=self.job.caller.owner,
            job_id=self.job.id,
            mime=mime,
            name=name,
            path=path,
            size_bytes=path.stat().st_size,
            created_at=now(),
            details=details,
        )

    def _tell_file(self, file: StoredFile) -> None:
        self.files.append(file)
        self.job.publish(Artifact(file.id, file.mime, file.size_bytes, file.name, file.details))

    def close(self) -> None:
        """Finish the speech files; what a cancelled or failed job has spoken is kept."""
        if self.speech is None:
            return
        self.speech.close()
        details = {"seconds": round(self.speech.seconds, 3), "sample_rate_hz": self.speech.sample_rate_hz}
        self._add_file(self.speech.wav, "audio/wav", "hearth-speech.wav", details)
        self._add_file(self.speech.mp3.path, "audio/mpeg", "hearth-speech.mp3", details)
        self.speech = None


class Recorder:
    """Writes how jobs ended.

    Attributes:
        watchers: Called with each row and its job, on the thread that ends the job; must be quick.
    """

    def __init__(self, database: Database, artifacts: Artifacts, conversations: Conversations) -> None:
        self._database = database
        self._artifacts = artifacts
        self._conversations = conversations
        self.watchers: list[Callable[[Interaction, Job], None]] = []

    def outcome(self, job: Job) -> Outcome:
        """Return an empty outcome for a job."""
        return Outcome(job, self._artifacts, self._conversations)

    def interaction(self, job: Job, outcome: Outcome, terminal: Terminal, *, refused: bool = False) -> Interaction:
        """Return the log's row for a job that ends now."""
        times, spec, usage, request = job.times, job.spec, outcome.usage, job.request
        began, ended = times.submitted, time.monotonic()
        named, private = getattr(request, "model", None), getattr(request, "private", False)

        def since(mark: float | None, start: float | None = began) -> float | None:
            return None if mark is None or start is None else round(mark - start, 4)

        failed = terminal if isinstance(terminal, Failed) else None
        status = "refused" if refused else {Done: "done", Cancelled: "cancelled", Failed: "failed"}[type(terminal)]
        return Interaction(
            id=new_id(),
            created_at=now(),
            kind=job.kind,
            via=job.caller.via,
            owner=job.caller.owner,
            status=status,
            engine=spec.engine if spec else None,
            model=spec.id if spec else (without_query(named)[:200] if isinstance(named, str) else None),
            job_id=job.id,
            request_id=job.request_id,
            conversation_id=job.conversation_id,
            parameters={**parameters(request), **({"left_out": usage.left_out} if usage.left_out else {})},
            input=input_text(request) or None,
            output=None if private else "".join((*outcome.text, *outcome.calls))[:TEXT_CHARACTERS] or None,
            artifacts=tuple(file.id for file in outcome.files),
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            tokens_cached=usage.tokens_cached,
            characters=usage.characters,
            audio_s=usage.seconds,
            queued_s=since(times.started),
            load_s=since(times.loaded, times.started),
            first_output_s=since(times.first_output),
            duration_s=round(ended - began, 4),
            error_code=failed.code if failed else None,
            # A message may quote what was asked; of a private request it says what kind of error it was.
            error_message=None if failed is None else failed.title if private else failed.message,
        )

    def refuse(self, job: Job, error: StudioError) -> None:
        """Log a request that is not taken, and close what it may have begun; does not wait."""
        self.finish(job, self.outcome(job), failed_event(error), wait=False, refused=True)

    def finish(
        self, job: Job, outcome: Outcome, terminal: Terminal, *, wait: bool = True, refused: bool = False
    ) -> None:
        """Write a job's end in one transaction, then tell it to the followers; never raises.

        A disk that takes no row must not leave the followers waiting: then the job ends all the
        same, as failed, and the server's log keeps the reason.
        """
        if isinstance(terminal, Failed) and {"tokens", "context_tokens"} <= terminal.details.keys():
            outcome.too_long = int(terminal.details["tokens"] or 0)
        try:
            row = self.interaction(job, outcome, terminal, refused=refused)
            write = self._database.submit(lambda db: self._write_end(db, job, outcome, row))
            self._tell_watchers(row, job)
            if wait:
                write.result()
            else:
                write.add_done_callback(lambda done: _tell_lost(job, done.exception()))
        except Exception as exc:
            _tell_lost(job, exc)
            if isinstance(terminal, Done) and isinstance(exc, StorageFailed):
                terminal = failed_event(exc)
        job.publish(terminal)

    def _tell_watchers(self, row: Interaction, job: Job) -> None:
        for watcher in self.watchers:
            try:
                watcher(row, job)
            except Exception:  # who looks on must not spoil the job
                log.exception("watcher_failed", job=row.job_id)

    def _write_end(self, db: Transaction, job: Job, outcome: Outcome, row: Interaction) -> None:
        for file in outcome.files:
            if file.id not in outcome.kept:
                Artifacts.add(db, file, self._artifacts.folder)
        Interactions.append(db, row)
        refused = row.status == "refused"
        Jobs.finish(db, job.id, "failed" if refused else row.status, row.model, row.error_code, row.error_message)
        request = job.request
        # A conversation is known only after its owner was checked.
        if not isinstance(request, ChatRequest) or request.reply_id is None or job.conversation_id is None:
            return
        if refused:
            Conversations.fail_growing(db, request.reply_id, row.error_message or "")
        else:
            Conversations.finish_reply(
                db,
                request.reply_id,
                state=row.status,
                content=outcome.reply,
                reasoning="".join(outcome.reasoning),
                model=row.model,
                job_id=job.id,
                figures={
                    "tokens_in": row.tokens_in,
                    "tokens_out": row.tokens_out,
                    "tokens_cached": row.tokens_cached,
                    "context_tokens": outcome.usage.context_tokens,
                    "first_output_s": row.first_output_s,
                    "duration_s": row.duration_s,
                    "finish_reason": outcome.finish_reason,
                    "left_out": outcome.usage.left_out,
                    **({"cut": told_cut(outcome.grounded.cut)} if outcome.grounded.cut else {}),
                    **({"too_long": outcome.too_long} if outcome.too_long else {}),
                },
                error_message=row.error_message,
            )
            Documents.keep_sources(db, request.reply_id, outcome.grounded.sources)


def told_cut(cut: Sequence[tuple[str, float]]) -> str:
    """Return which files were cut, and how much of each was sent, as a reply's figures keep it."""
    return "; ".join(f"{name} {int(share * 100)} %" for name, share in cut)


def failed_event(error: StudioError) -> Failed:
    """Return an error as the event that tells it."""
    return Failed(error.code, error.title, error.message, error.status, dict(error.details))


def unexpected(job: Job, exc: Exception) -> EngineFailed:
    """Log a bug with its traceback, and return what a person sees of it: an id and no more."""
    log.error("job_crashed", job=job.id, kind=job.kind, exc_info=exc)
    return EngineFailed(
        f"Something unexpected went wrong. The server's log tells more under {job.id}. Try again, and report it "
        "if it stays.",
        job=job.id,
    )


def _tell_lost(job: Job, exc: BaseException | None) -> None:
    if exc is not None:
        log.error("job_not_recorded", job=job.id, exc_info=exc)
