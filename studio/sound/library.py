"""What surfaces ask of the audio library: add a recording, list, change its steps, undo, look at it, delete it."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from contract.audio import AudioAddRequest, AudioEditRequest, Step, check_steps, step_of, told
from contract.errors import InvalidRequest, StudioError
from contract.events import RecordingAdded
from contract.models import Kind
from contract.requests import Request
from store import Artifacts, Recording, Recordings, StoredFile, Version
from studio import jupyter
from studio.caller import Caller
from studio.job import Job
from studio.reading import clean_name
from studio.results import Clip
from studio.sound.chain import Flow
from studio.sound.editing import count, has_result, heard, is_played, remove_files
from studio.sound.pictures import Waveform, spectrogram, waveform
from studio.sound.planning import Planning
from studio.sound.rehearsing import LengthUnknown, rehearse

# What a browser may play in place, by what FFmpeg calls its container; anything else is only saved.
MIME = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mov": "audio/mp4",
    "matroska": "audio/webm",
    "aac": "audio/aac",
}
BATCH = 200


class AudioLibrary(Planning):
    """A part of the Studio; see there."""

    artifacts: Artifacts
    recordings: Recordings

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def job(self, job_id: str, caller: Caller) -> Job:
        """Return a job; see Studio."""
        raise NotImplementedError

    def artifact(self, artifact_id: str, caller: Caller) -> StoredFile:
        """Return a stored file; see Studio."""
        raise NotImplementedError

    def add_recording(self, path: Path, name: str, caller: Caller) -> Job:
        """Take a file into the library, as a job; ``recording_of`` tells what became of it."""
        return self.submit(AudioAddRequest(path=path, name=clean_name(name)), caller)

    def recording_of(self, job: Job, caller: Caller) -> Recording:
        """Return the recording that a finished job added or edited; raises NotFound where it did not."""
        if isinstance(job.request, AudioEditRequest):
            return self.recordings.get(job.request.recording, caller.owner)
        added = next((event.id for _, event in job.snapshot() if isinstance(event, RecordingAdded)), "")
        return self.recordings.get(added, caller.owner)

    def recording(self, recording_id: str, caller: Caller) -> Recording:
        """Return one recording of the caller's; raises NotFound."""
        return self.recordings.get(recording_id, caller.owner)

    def set_steps(
        self, recording_id: str, steps: Sequence[Step], caller: Caller, revision: int | None = None
    ) -> Job | None:
        """Put a list of steps in the place of a recording's, and make its sound.

        Args:
            revision: Of the list that the caller has seen; None: any.

        Returns:
            None: nothing is to be made, what is heard is the original.

        Raises:
            InvalidRequest: A step can't be, or not with what comes to it; nothing is changed.
            NotFound, Conflict: As in ``Recordings.set_steps``.
        """
        self._check(self.recordings.get(recording_id, caller.owner), steps, caller)
        self.recordings.set_steps(recording_id, caller.owner, [told(step) for step in steps], revision)
        return self.make(recording_id, caller)

    def _check(self, recording: Recording, steps: Sequence[Step], caller: Caller) -> None:
        def other(recording_id: str, like: Flow) -> Flow:
            if recording_id == recording.id:
                raise InvalidRequest(
                    "A recording can't be joined to itself. Upload it again under another name.", field="recordings"
                )
            found = self.recordings.get(recording_id, caller.owner)
            if found.steps and (found.state != "ready" or len(found.results) != 1):
                raise LengthUnknown
            return replace(like, pieces=iter(()), frames=count(heard(found), like.rate_hz))

        check_steps(steps)
        rehearse(recording, steps, other)

    def check_plan(self, recording_id: str, steps: Sequence[Step], caller: Caller) -> None:
        """Look whether steps can be put behind those of a recording; raises InvalidRequest, NotFound."""
        found = self.recordings.get(recording_id, caller.owner)
        self._check(found, (*steps_of(found), *steps), caller)

    def step_back(self, recording_id: str, caller: Caller, by: Literal[-1, 1] = -1) -> Job | None:
        """Undo (-1) or redo (1) the last change of the steps, and make the sound; Conflict where there is none."""
        self.recordings.step_back(recording_id, caller.owner, by)
        return self.make(recording_id, caller)

    def make(self, recording_id: str, caller: Caller) -> Job | None:
        """Make a recording's sound from its original anew; a job that makes an older list's is cancelled."""
        found = self.recordings.get(recording_id, caller.owner)
        steps = steps_of(found)
        self._cancel_older(found, caller)
        if not has_result(steps, found.info):
            gone = self.recordings.made(found.id, found.revision, (), None, None)
            remove_files(self.recordings, self.artifacts, gone or (), caller.owner)
            return None
        return self.submit(
            AudioEditRequest(recording=found.id, name=found.name, steps=steps, revision=found.revision), caller
        )

    def edit_audio(
        self,
        audio: str | os.PathLike[str],
        *steps: str | Step | Mapping[str, object],
        name: str | None = None,
        model: str | None = None,
    ) -> Clip:
        """Edit a recording, a file or what ``speak`` or this returned; it is kept in the library with its steps.

        Args:
            steps: Instructions in English or Polish ("cut the first 3 seconds, then fade out over 2"), steps, or
                dicts like ``{"op": "normalise", "lufs": -16}``, one after the other.
            name: What it is called in the library; None: as the file.
            model: A chat model for instructions that the grammar does not know.

        Raises:
            StudioError: The file is no recording, an instruction is not understood, or a step can't be done.
        """
        caller, found = Caller(), list[Step]()
        for step in steps:
            if isinstance(step, str):
                found += self.plan_edit(step, caller, model).steps
            else:
                found += parse_steps([step]) if isinstance(step, Mapping) else [step]
        path = Path(audio)
        added = self.add_recording(path, name or path.name, caller)
        jupyter.wait(added)
        job = self.set_steps(self.recording_of(added, caller).id, found, caller)
        if job is not None:
            jupyter.wait(job)
        kept = self.recordings.get(self.recording_of(added, caller).id, caller.owner)
        info = kept.result_info or kept.info
        files = kept.results or (kept.file_id,)
        lufs, seconds = info["lufs"], info["seconds"]
        return Clip(
            tuple(self.artifact(each, caller).path for each in files),
            seconds if isinstance(seconds, float) else 0.0,
            lufs if isinstance(lufs, float) else None,
            kept.steps,
            kept.id,
        )

    def edit_all(self, recording_ids: Sequence[str], steps: Sequence[Step], caller: Caller) -> list[Job]:
        """Put the same steps behind those of many recordings, and make their sounds; all are checked first.

        Raises:
            InvalidRequest: There are none or too many, or a step can't be.  NotFound: One is not the caller's.
        """
        if not 1 <= len(recording_ids) <= BATCH or not steps:
            raise InvalidRequest(
                f"There are {len(recording_ids)} recordings and {len(steps)} steps; send 1 to {BATCH} recordings and a "
                "step at least.",
                field="recordings",
            )
        found = [self.recordings.get(each, caller.owner) for each in dict.fromkeys(recording_ids)]
        lists = [(*steps_of(each), *steps) for each in found]
        for one, each in zip(found, lists, strict=True):
            self._check(one, each, caller)
        jobs = [self.set_steps(one.id, each, caller) for one, each in zip(found, lists, strict=True)]
        return [job for job in jobs if job is not None]

    def rename_recording(self, recording_id: str, name: str, caller: Caller) -> Recording:
        """Call a recording something else."""
        self.recordings.rename(recording_id, caller.owner, clean_name(name))
        return self.recordings.get(recording_id, caller.owner)

    def delete_recording(self, recording_id: str, caller: Caller) -> None:
        """Delete a recording, its steps and all its files; a job that works on it is cancelled."""
        found = self.recordings.get(recording_id, caller.owner)
        self._cancel_older(found, caller)
        paths = []
        for file_id in (found.file_id, *found.results):
            with contextlib.suppress(StudioError):
                paths.append(self.artifacts.get(file_id, caller.owner).path)
        self.recordings.delete(recording_id, caller.owner)
        for path in paths:
            path.unlink(missing_ok=True)

    def original_sound(self, recording_id: str, caller: Caller) -> tuple[StoredFile, str]:
        """Return the untouched original and the media type that it may be played as, ``""``: it is only saved."""
        found = self.recordings.get(recording_id, caller.owner)
        mime = MIME.get(str(found.info["container"]), "") if is_played(found.info) else ""
        return replace(self.artifact(found.file_id, caller), name=found.name), mime

    def waveform(
        self, recording_id: str, version: Version, caller: Caller, *, points: int = 1_000, start_s: float = 0.0,
        end_s: float | None = None,
    ) -> Waveform:  # fmt: skip
        """Return the least and the greatest sample of so many spans of a version; raises NotFound, InvalidRequest."""
        found = self.recordings.get(recording_id, caller.owner)
        return waveform(self.recordings.picture(found.id, version), points, start_s, end_s)

    def spectrogram(
        self, recording_id: str, version: Version, caller: Caller, *, start_s: float = 0.0, end_s: float | None = None
    ) -> bytes:
        """Return a PNG of a version's spectrogram, low frequencies at the bottom; raises NotFound, InvalidRequest."""
        found = self.recordings.get(recording_id, caller.owner)
        return spectrogram(self.recordings.picture(found.id, version), start_s, end_s)

    def _cancel_older(self, found: Recording, caller: Caller) -> None:
        for job in self.jobs(caller, "audio"):
            if isinstance(job.request, AudioEditRequest) and job.request.recording == found.id:
                job.cancel()

    def jobs(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return unfinished jobs; see Studio."""
        raise NotImplementedError


def steps_of(recording: Recording) -> tuple[Step, ...]:
    """Return a recording's steps."""
    return tuple(step_of(each) for each in recording.steps)


def parse_steps(values: Sequence[Mapping[str, object]]) -> tuple[Step, ...]:
    """Return steps from JSON's values; raises InvalidRequest with the number of the one that can't be."""
    found = []
    for number, each in enumerate(values, 1):
        try:
            found.append(step_of(each))
        except InvalidRequest as exc:
            raise InvalidRequest(f"Step {number}: {exc.message}", step=number, **exc.details) from exc
    return tuple(found)
