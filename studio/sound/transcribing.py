"""The job that writes a recording of the library down, keeping what it has heard while it listens on."""

import time
from collections.abc import Generator
from dataclasses import replace

import engines
from contract.errors import InvalidRequest
from contract.events import Detected, Loading, Queued, Segment
from contract.narration import TranscribeRecordingRequest
from contract.requests import TranscribeRequest
from store import Artifacts, Recordings, Transcripts
from studio.doing import Doer
from studio.job import Job
from studio.residency import Residency
from studio.run import Outcome
from studio.sound.standing import standing

KEPT_EVERY_S = 2.0


class Transcribing(Doer):
    """Writes recordings down."""

    def __init__(
        self, residency: Residency, transcripts: Transcripts, recordings: Recordings, artifacts: Artifacts
    ) -> None:
        self._residency = residency
        self._transcripts = transcripts
        self._recordings = recordings
        self._artifacts = artifacts

    def run(self, job: Job, outcome: Outcome) -> None:
        request = job.request
        assert isinstance(request, TranscribeRecordingRequest)
        with standing(job, lambda state, by, why: self._transcripts.state(request.transcript, state, by, why)):
            self._hear(job, request, outcome)

    def drop(self, job: Job) -> None:
        request = job.request
        assert isinstance(request, TranscribeRecordingRequest)
        self._transcripts.state(request.transcript, "cancelled", None)

    def _hear(self, job: Job, request: TranscribeRecordingRequest, outcome: Outcome) -> None:
        spec, owner = job.spec, job.caller.owner
        assert spec is not None, "its model was found when it was submitted"
        recording = self._recordings.get(request.recording, owner)
        file = self._artifacts.get(recording.file_id, owner)
        words = "words" in engines.ENGINES[spec.engine].abilities(spec)
        asked = TranscribeRequest(audio=file.path, model=spec.id, language=request.language, words=words)
        segments, language, kept = list[Segment](), None, time.monotonic()

        def on_waiting(place: int) -> None:
            job.position = place
            job.publish(Queued(place))

        with self._residency.use(spec, job.stop, lambda: job.publish(Loading(spec.title)), on_waiting) as engine:
            job.position = 0
            job.times.loaded = time.monotonic()
            events = engine.run(asked, job.stop)
            try:
                for event in events:
                    if isinstance(event, Segment):
                        event = replace(event, text=event.text.strip())
                        segments.append(event)
                    elif isinstance(event, Detected):
                        language = event.language
                    outcome.take(event)
                    if segments and time.monotonic() - kept > KEPT_EVERY_S:
                        kept = time.monotonic()
                        self._transcripts.heard(request.transcript, segments, language)
                    if job.stop.is_set():
                        break
            except InvalidRequest as exc:  # the file has a name of ours; its owner knows it by another
                raise InvalidRequest(exc.message.replace(file.path.name, recording.name), **exc.details) from exc
            finally:
                if isinstance(events, Generator):
                    events.close()
                if language is None and len(spec.languages) == 1:
                    language = spec.languages[0]
                self._transcripts.heard(request.transcript, segments, language)
