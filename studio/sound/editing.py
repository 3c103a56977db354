"""The jobs of the audio library: a file listened through and kept, a recording's steps made into sound."""

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contract.audio import AudioAddRequest, AudioEditRequest, Split
from contract.engine import Stop
from contract.errors import InvalidRequest, StorageFailed, StudioError
from contract.events import Progress, RecordingAdded, Usage
from contract.ids import new_id
from engines.recordings import SoundFile, describe, samples
from store import Artifacts, Picture, Recording, Recordings, StoredFile
from store.database import now
from store.recordings import Info
from studio.doing import Doer
from studio.job import Job
from studio.run import Outcome
from studio.sound import chain, filters
from studio.sound.chain import Chain, Flow
from studio.sound.measuring import Measured, Meter
from studio.sound.writing import SoundWriter, Target, target_of

if TYPE_CHECKING:
    from engines.recordings import Samples

TOLD_EVERY_S = 0.2
STEPS_TOLD = 1_000
PLAYED_CODECS = ("pcm_s16le", "pcm_s24le", "pcm_u8", "pcm_f32le", "mp3", "mp3float", "flac", "opus", "libopus")
PLAYED_CODECS_TOO = ("vorbis", "libvorbis", "aac")


class Editing(Doer):
    """Does the audio library's jobs."""

    def __init__(self, recordings: Recordings, artifacts: Artifacts) -> None:
        self._recordings = recordings
        self._artifacts = artifacts

    def run(self, job: Job, outcome: Outcome) -> None:
        request = job.request
        assert isinstance(request, AudioAddRequest | AudioEditRequest)
        if isinstance(request, AudioAddRequest):
            self._add(job, request, outcome)
            return
        self._recordings.state(request.recording, request.revision, "running", job.id)
        try:
            self._edit(job, request, outcome)
        except StudioError as exc:
            self._recordings.state(request.recording, request.revision, "failed", job.id, exc.message)
            raise
        except BaseException:
            self._recordings.state(request.recording, request.revision, "failed", job.id)
            raise
        if job.stop.is_set():
            self.drop(job)

    def drop(self, job: Job) -> None:
        request = job.request
        if isinstance(request, AudioEditRequest):
            self._recordings.state(request.recording, request.revision, "cancelled", None)

    # A new recording

    def _add(self, job: Job, request: AudioAddRequest, outcome: Outcome) -> None:
        owner = job.caller.owner
        with request.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        known = self._recordings.same(digest, request.name, owner)
        if known is not None:
            outcome.take(RecordingAdded(known.id, known.name, known=True))
            return
        said = describe(request.path, request.name)
        measured = self._listen(job, request.path, request.name, said, outcome)
        if job.stop.is_set():
            return
        if not measured.frames:
            raise InvalidRequest(f"{request.name} is 0 seconds long. Choose another.", field="file")
        file_id, path = self._artifacts.new_path(owner, "application/octet-stream")
        try:
            shutil.copyfile(request.path, path)
        except OSError as exc:
            path.unlink(missing_ok=True)
            raise StorageFailed(f"Saving the recording failed: {exc}. Free some space, then try again.") from exc
        at = now()
        stored = StoredFile(
            id=file_id, owner=owner, job_id=job.id, mime="application/octet-stream", name=request.name, path=path,
            size_bytes=path.stat().st_size, created_at=at, details={"recording": "original"},
        )  # fmt: skip
        recording = Recording(
            id=new_id(), owner=owner, name=request.name, digest=digest, file_id=file_id,
            info=info_of(said, measured, stored.size_bytes), job_id=job.id, created_at=at, updated_at=at,
        )  # fmt: skip
        self._recordings.add(recording, stored, picture_of(measured), self._artifacts)
        outcome.take(Usage(seconds=round(measured.seconds, 2)))
        outcome.take(RecordingAdded(recording.id, recording.name))

    def _listen(self, job: Job, path: Path, name: str, said: SoundFile, outcome: Outcome) -> Measured:
        meter = Meter(said.sample_rate_hz, said.layout, said.duration_s)
        told = _Told(job, round(said.duration_s * said.sample_rate_hz))
        for piece in samples(path, name, said.sample_rate_hz, said.layout, job.stop):
            meter.take(piece)
            told.on(piece.shape[1])
        told.end()
        return meter.finish()

    # An edit

    def _edit(self, job: Job, request: AudioEditRequest, outcome: Outcome) -> None:
        owner = job.caller.owner
        recording = self._recordings.get(request.recording, owner)
        original = self._artifacts.get(recording.file_id, owner)
        if not request.steps and is_played(recording.info):
            self._done(recording, request.revision, (), None)
            return
        said = said_of(recording.info)
        target = target_of(said, request.steps)
        with contextlib.ExitStack() as closing:
            told = _Told(job, 0)
            source = self._flow(original.path, recording, said.sample_rate_hz, said.layout, said.channels, job.stop)
            source = Flow(told.counted(source.pieces), source.rate_hz, source.layout, source.channels, source.frames)

            def other(recording_id: str, like: Flow) -> Flow:
                return self._other(recording_id, like, owner, job.stop)

            told.total = source.frames
            flow = Chain(original.path.parent, other, closing).lay(source, request.steps)
            told.total += flow.frames
            split = next((step for step in request.steps if isinstance(step, Split)), None)
            cuts = chain.cuts(split, flow) if split is not None else []
            tags = chain.tags_of(said.tags, request.steps)
            parts = _Parts(self._artifacts, owner, recording.name, target, flow, cuts, tags)
            meter = Meter(flow.rate_hz, flow.layout, flow.seconds)
            try:
                for piece in flow.pieces:
                    meter.take(piece)
                    parts.write(piece)
                    told.on(piece.shape[1])
                    if job.stop.is_set():
                        break
                parts.close()
            except BaseException:
                parts.discard()
                raise
        if job.stop.is_set():
            parts.discard()
            return
        measured = meter.finish()
        told.end()
        self._keep(recording, request, outcome, parts, measured, target)

    def _keep(
        self, recording: Recording, request: AudioEditRequest, outcome: Outcome, parts: "_Parts", measured: Measured,
        target: Target,
    ) -> None:  # fmt: skip
        size = sum(path.stat().st_size for _, path, _, _ in parts.written)
        info: Info = {
            "container": target.form,
            "codec": target.form,
            "sample_rate_hz": target.rate_hz,
            "channels": {"mono": 1, "stereo": 2}.get(target.layout, recording.info["channels"]),
            "layout": target.layout,
            "bit_rate": round(size * 8 / measured.seconds) if measured.seconds else 0,
            "size_bytes": size,
            "tags": parts.tags,
            **measurement(measured),
        }
        if not self._done(recording, request.revision, parts.ids, info, picture_of(measured)):
            parts.discard()
            return
        for _, path, name, seconds in parts.written:
            outcome.keep_file(path, target.mime, name, {"recording": recording.id, "seconds": round(seconds, 3)})
        outcome.take(Usage(seconds=round(measured.seconds, 2)))

    def _done(
        self, recording: Recording, revision: int, ids: Sequence[str], info: Info | None, picture: Picture | None = None
    ) -> bool:
        """Keep what came out; False where the steps were changed meanwhile, so that nobody wants it any more."""
        gone = self._recordings.made(recording.id, revision, ids, info, picture)
        if gone is None:
            return False
        remove_files(self._recordings, self._artifacts, gone, recording.owner)
        return True

    def _flow(self, path: Path, recording: Recording, rate_hz: int, layout: str, channels: int, stop: Stop) -> Flow:
        frames = count(recording.info, rate_hz)
        return Flow(samples(path, recording.name, rate_hz, layout, stop), rate_hz, layout, channels, frames)

    def _other(self, recording_id: str, like: Flow, owner: str, stop: Stop) -> Flow:
        recording = self._recordings.get(recording_id, owner)
        if recording.steps and (recording.state != "ready" or len(recording.results) != 1):
            raise InvalidRequest(
                f"{recording.name} has steps without one finished sound. Open it, or take its steps back.",
                field="recordings",
            )
        file_id = recording.results[0] if recording.results else recording.file_id
        path = self._artifacts.get(file_id, owner).path
        frames = count(heard(recording), like.rate_hz)
        pieces = samples(path, recording.name, like.rate_hz, like.layout, stop)
        exact = filters.exactly(pieces, like.channels, frames)
        return Flow(exact, like.rate_hz, like.layout, like.channels, frames)


class _Parts:
    """The files that a sound is written to, one after the other: one, or as many as a split makes."""

    def __init__(
        self, artifacts: Artifacts, owner: str, name: str, target: Target, flow: Flow, cuts: Sequence[int],
        tags: dict[str, str],
    ) -> None:  # fmt: skip
        self._artifacts, self._owner, self._target, self._flow = artifacts, owner, target, flow
        self.tags = tags
        self._ends = [*cuts, flow.frames]
        self._stem = name.rpartition(".")[0] or name
        self.written: list[tuple[str, Path, str, float]] = []
        self._at = 0
        self._writer: SoundWriter | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The artifacts' ids."""
        return tuple(file_id for file_id, _, _, _ in self.written)

    def write(self, piece: "Samples") -> None:
        """Append to the file whose turn it is."""
        while piece.shape[1]:
            number = len(self.written)
            if self._writer is None:
                number += 1
                self._begin(number)
            end = self._ends[number - 1]
            part, piece = piece[:, : end - self._at], piece[:, end - self._at :]
            assert self._writer is not None
            self._writer.write(part)
            self._at += part.shape[1]
            if self._at >= end and number < len(self._ends):
                self._writer.close()
                self._writer = None

    def _begin(self, number: int) -> None:
        file_id, path = self._artifacts.new_path(self._owner, self._target.mime)
        several = f" {number:0{len(str(len(self._ends)))}d}" if len(self._ends) > 1 else ""
        tags = {**self.tags, "track": str(number)} if several else self.tags
        begin = self._ends[number - 2] if number > 1 else 0
        seconds = (self._ends[number - 1] - begin) / self._flow.rate_hz
        self.written.append((file_id, path, f"{self._stem}{several}{self._target.suffix}", seconds))
        self._writer = SoundWriter(path, self._target, self._flow.rate_hz, self._flow.layout, tags)

    def close(self) -> None:
        """Finish the last file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def discard(self) -> None:
        """Throw away what was written."""
        with contextlib.suppress(StudioError):
            self.close()
        for _, path, _, _ in self.written:
            path.unlink(missing_ok=True)


class _Told:
    """Tells followers how far a job is, now and then."""

    def __init__(self, job: Job, total: int) -> None:
        self._job, self.total = job, total
        self._done = 0
        self._at = time.monotonic()

    def on(self, samples_done: int) -> None:
        self._done += samples_done
        if self.total and time.monotonic() - self._at > TOLD_EVERY_S:
            self._at = time.monotonic()
            self._job.publish(Progress(min(STEPS_TOLD, self._done * STEPS_TOLD // self.total), STEPS_TOLD))

    def counted(self, pieces: "Iterator[Samples]") -> "Iterator[Samples]":
        for piece in pieces:
            self.on(piece.shape[1])
            yield piece

    def end(self) -> None:
        self._job.publish(Progress(STEPS_TOLD, STEPS_TOLD))


def info_of(said: SoundFile, measured: Measured, size_bytes: int) -> Info:
    """Return what is kept of an original."""
    return {
        "container": said.container.partition(",")[0],
        "codec": said.codec,
        "sample_rate_hz": said.sample_rate_hz,
        "channels": said.channels,
        "layout": said.layout,
        "bits": said.bits,
        "bit_rate": said.bit_rate or round(size_bytes * 8 / measured.seconds),
        "size_bytes": size_bytes,
        "tags": said.tags,
        **measurement(measured),
    }


def measurement(measured: Measured) -> Info:
    """Return what is kept of a measurement."""
    return {
        "frames": measured.frames,
        "measured_at_hz": measured.sample_rate_hz,
        "seconds": round(measured.seconds, 3),
        "lufs": None if measured.lufs is None else round(measured.lufs, 1),
        "peak_db": None if measured.peak_db is None else round(measured.peak_db, 1),
    }


def picture_of(measured: Measured) -> Picture:
    """Return what is shown of a measurement."""
    return Picture(
        peaks=measured.peaks,
        bucket_s=measured.bucket_s,
        spectrum=measured.spectrum,
        column_s=measured.column_s,
    )


def said_of(info: Info) -> SoundFile:
    """Return what a kept original said of itself."""
    tags = info["tags"]
    return SoundFile(
        container=str(info["container"]),
        codec=str(info["codec"]),
        sample_rate_hz=_whole(info, "sample_rate_hz"),
        channels=_whole(info, "channels"),
        layout=str(info["layout"]),
        bits=_whole(info, "bits"),
        bit_rate=_whole(info, "bit_rate"),
        duration_s=_whole(info, "frames") / _whole(info, "measured_at_hz"),
        tags=json.loads(json.dumps(tags)),
    )


def is_played(info: Info) -> bool:
    """Whether browsers play the original as it is."""
    codec, container = info["codec"], info["container"]
    return (codec in PLAYED_CODECS and container in ("wav", "mp3", "flac", "ogg", "matroska", "mov")) or (
        codec in PLAYED_CODECS_TOO and container in ("ogg", "mov", "matroska", "aac")
    )


def has_result(steps: Sequence[object], info: Info) -> bool:
    """Whether there is anything to make of a recording."""
    return bool(steps) or not is_played(info)


def remove_files(recordings: Recordings, artifacts: Artifacts, file_ids: Sequence[str], owner: str) -> None:
    """Remove files that nothing needs any more, rows and bytes."""
    for file_id in file_ids:
        with contextlib.suppress(StudioError):
            artifacts.get(file_id, owner).path.unlink(missing_ok=True)
    if file_ids:
        recordings.forget_files(file_ids)


def heard(recording: Recording) -> Info:
    """Return what is known of the sound that a recording has now: its steps' result, or the original."""
    return recording.result_info if recording.results and recording.result_info else recording.info


def count(info: Info, rate_hz: int) -> int:
    """Return how many samples a channel a sound has at a rate."""
    return round(_whole(info, "frames") * rate_hz / _whole(info, "measured_at_hz"))


def _whole(info: Info, name: str) -> int:
    value = info[name]
    assert isinstance(value, int), f"{name} was measured as a whole number"
    return value
