"""OpenAI-compatible audio: speech in six formats, transcription as text, subtitles or segments."""

import asyncio
import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

from api.caller import caller_of, cancelled_when_gone, studio_of
from api.event_stream import KEEP_ALIVE_S, EventStream
from api.generation import STREAM_HEADERS, accepted, first_output, raise_failed, submit, wants_async
from api.openai_schemas import SpeechBody, TranscriptionBody, TranslationBody
from api.subtitles import as_srt, as_vtt
from studio import (
    Artifact,
    Detected,
    Failed,
    InvalidRequest,
    Job,
    ModelSpec,
    Segment,
    SpeechRequest,
    Spoken,
    Studio,
    StudioError,
    TranscribeRequest,
    Usage,
)

router = APIRouter(prefix="/v1/audio", tags=["openai"])
NAME_CHARACTERS = 200
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/aac",
    "pcm": "audio/pcm",  # 24,000 Hz, 16 bit, mono, little-endian
}


# Speech


def _voice(studio: Studio, body: SpeechBody) -> ModelSpec:
    """Return the voice that ``voice`` and ``model`` name together."""
    voice = studio.spec(body.voice, "speech")
    if body.model in (voice.id, voice.engine):
        return voice
    model = studio.spec(body.model, "speech")
    if body.model != model.id:  # an alias: the voice decides
        return voice
    if body.voice != voice.id:  # and the other way round
        return model
    raise InvalidRequest(
        f"model is {body.model!r} and voice is {body.voice!r}: two voices. Send {voice.engine!r} or 'tts-1' as model.",
        field="model",
    )


@router.post("/speech", response_model=None)
async def speech(request: Request, body: SpeechBody) -> Response:
    """Text spoken, streamed while it is made (WAV: sent when it is whole, because it begins with its length)."""
    studio = studio_of(request)
    wanted = SpeechRequest(
        text=body.input,
        model=_voice(studio, body).id,
        speed=body.speed,
        pitch=body.pitch,
        volume=body.volume,
        pauses=body.pauses,
        lufs=body.lufs,
        normalize_text=body.normalize_text,
    )
    job = submit(request, wanted)
    if wants_async(request):
        return accepted(job)
    async with cancelled_when_gone(request, job):
        await first_output(job, (Spoken,))
        if body.response_format == "wav":
            async for _, event in job.events():
                raise_failed(event)
                if isinstance(event, Artifact) and event.mime == "audio/wav":
                    wav = event.id
            return FileResponse(studio.artifact(wav, caller_of(request)).path, media_type="audio/wav")
    form = body.response_format

    async def stream() -> AsyncIterator[bytes]:
        try:
            async for data in studio.audio_stream(job, form):
                yield data
        except BaseException:  # who asked has left; heard to the end, the job still closes its own files
            job.cancel()
            raise

    return StreamingResponse(stream(), media_type=MEDIA_TYPES[form], headers=STREAM_HEADERS)


# Transcription


@dataclass(slots=True)
class Heard:
    """What a recording said."""

    segments: list[Segment] = field(default_factory=list)
    language: str | None = None
    duration_s: float | None = None

    @property
    def text(self) -> str:
        """The whole text."""
        return " ".join(segment.text.strip() for segment in self.segments)


@router.post("/transcriptions", response_model=None)
async def transcriptions(request: Request, body: Annotated[TranscriptionBody, Form()]) -> Response:
    """What a recording says: JSON, text, SRT, VTT, JSON with segments or words, or streamed as it is understood."""
    if body.stream and body.response_format != "json":
        raise InvalidRequest("stream goes with response_format json only. Leave one of them out.", field="stream")
    words = "word" in body.granularities
    if words and body.response_format != "verbose_json":
        raise InvalidRequest(
            "timestamp_granularities word goes with response_format verbose_json. Send both, or neither.",
            field="timestamp_granularities",
        )
    path, digest = await _keep(body.file)
    with RemovedAfter(path) as keep_until, _by_its_name(path, body.file):
        wanted = TranscribeRequest(
            audio=path,
            model=body.model,
            language=body.language,
            words=words,
            prompt=body.prompt,
            temperature=body.temperature,
        )
        job = submit(request, wanted, fingerprint=f"{digest} {replace(wanted, audio=Path())!r}")
        if wants_async(request):
            keep_until(job)
            return accepted(job)
        async with cancelled_when_gone(request, job):
            after = await first_output(job, (Segment,), patience_s=KEEP_ALIVE_S if body.stream else None)
            if not body.stream:
                return _answer(await _heard(job, body.language), body.response_format, body.granularities)
        keep_until(job)
        return EventStream(_deltas(job, after))


@router.post("/translations", response_model=None)
async def translations(request: Request, body: Annotated[TranslationBody, Form()]) -> Response:
    """Speech in any language as English text, where the model knows more languages than English."""
    path, digest = await _keep(body.file)
    with RemovedAfter(path) as keep_until, _by_its_name(path, body.file):
        wanted = TranscribeRequest(
            audio=path, model=body.model, to_english=True, prompt=body.prompt, temperature=body.temperature
        )
        job = submit(request, wanted, fingerprint=f"{digest} {replace(wanted, audio=Path())!r}")
        if wants_async(request):
            keep_until(job)
            return accepted(job)
        async with cancelled_when_gone(request, job):
            heard = await _heard(job, "en")
        heard.language = "en"
        return _answer(heard, body.response_format, ["segment"], task="translate")


async def _keep(upload: UploadFile) -> tuple[Path, str]:
    """Copy an upload to a temporary file of its own; returns its path and SHA-256."""

    def copy() -> tuple[Path, str]:
        # The suffix is all that is taken from the client's name: it helps some decoders, and names no path.
        suffix = Path(upload.filename or "").suffix[:8]
        with tempfile.NamedTemporaryFile(
            prefix="hearth-upload-", suffix=suffix if suffix[1:].isalnum() else "", delete=False
        ) as file:
            shutil.copyfileobj(upload.file, file, 1024 * 1024)
        path = Path(file.name)
        with path.open("rb") as kept:
            return path, hashlib.file_digest(kept, "sha256").hexdigest()

    return await asyncio.to_thread(copy)


@contextlib.contextmanager
def _by_its_name(path: Path, upload: UploadFile) -> Iterator[None]:
    """Tell what is wrong with a recording by the name that its owner gave it."""
    try:
        yield
    except StudioError as exc:
        name = Path(upload.filename or "").name[:NAME_CHARACTERS] or "The recording"
        if path.name not in exc.message:
            raise
        raise type(exc)(exc.message.replace(path.name, name), **exc.details) from exc


class RemovedAfter:
    """Removes a file when the block ends, or when a job does that outlives it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._job: Job | None = None

    def __enter__(self) -> "RemovedAfter":
        return self

    def __call__(self, job: Job) -> None:
        """Keep the file until ``job`` ended."""
        self._job = job

    def __exit__(self, *exc: object) -> None:
        if self._job is None:
            self._path.unlink(missing_ok=True)
        else:
            task = asyncio.create_task(self._wait(self._job))
            WAITING.add(task)
            task.add_done_callback(WAITING.discard)

    async def _wait(self, job: Job) -> None:
        try:
            async for _ in job.events():
                pass
        finally:
            self._path.unlink(missing_ok=True)


WAITING: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly


async def _heard(job: Job, language: str | None) -> Heard:
    heard = Heard(language=language)
    async for _, event in job.events():
        raise_failed(event)
        if isinstance(event, Segment):
            heard.segments.append(event)
        elif isinstance(event, Detected):
            heard.language = event.language
        elif isinstance(event, Usage):
            heard.duration_s = event.seconds
    if heard.language is None and job.spec is not None and len(job.spec.languages) == 1:
        heard.language = job.spec.languages[0]
    return heard


def _usage(duration_s: float | None) -> dict[str, object]:
    return {"type": "duration", "seconds": duration_s or 0}


def _answer(heard: Heard, response_format: str, granularities: Sequence[str], task: str = "transcribe") -> Response:
    if response_format == "text":
        return PlainTextResponse(heard.text + "\n")
    if response_format == "srt":
        return PlainTextResponse(as_srt(heard.segments))
    if response_format == "vtt":
        return PlainTextResponse(as_vtt(heard.segments), media_type="text/vtt")
    if response_format == "json":
        return JSONResponse({"text": heard.text, "usage": _usage(heard.duration_s)})
    segments = [
        {"id": number, "start": segment.start_s, "end": segment.end_s, "text": segment.text}
        for number, segment in enumerate(heard.segments)
    ]
    words = [
        {"word": word.text, "start": word.start_s, "end": word.end_s}
        for segment in heard.segments
        for word in segment.words
    ]
    parts = {"words": words, "segments": segments}
    return JSONResponse(
        {
            "task": task,
            "language": heard.language,
            "duration": heard.duration_s,
            "text": heard.text,
            **{name: parts[name] for name in ("words", "segments") if name[:-1] in granularities},
            "usage": _usage(heard.duration_s),
        }
    )


async def _deltas(job: Job, after: int) -> AsyncIterator[str]:
    def frame(kind: str, **fields: object) -> str:
        return f"data: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n"

    heard = Heard()
    try:
        async for _, event in job.events(after):
            if isinstance(event, Segment):
                space = " " if heard.segments else ""
                heard.segments.append(event)
                yield frame("transcript.text.delta", delta=space + event.text.strip())
            elif isinstance(event, Usage):
                heard.duration_s = event.seconds
            elif isinstance(event, Failed):
                yield frame("error", error={"message": event.message, "type": "server_error", "code": event.code})
                return
        yield frame("transcript.text.done", text=heard.text, usage=_usage(heard.duration_s))
    finally:
        job.cancel()
