"""The Studio's part for all that is kept of sound: the library, texts read aloud, transcripts, and their jobs."""

import engines
from contract.audio import AudioAddRequest, AudioEditRequest
from contract.narration import NarrateRequest, TranscribeRecordingRequest
from contract.requests import Request
from store import Artifacts, Database, Narrations, Recordings, Transcripts
from studio.doing import Doer
from studio.job import Job
from studio.registry import Registry
from studio.residency import Residency
from studio.sound.editing import Editing
from studio.sound.library import AudioLibrary
from studio.sound.narrating import Narrating
from studio.sound.narrations import ReadingAloud
from studio.sound.transcribing import Transcribing
from studio.sound.transcripts import TranscriptDesk

AudioRequest = AudioAddRequest | AudioEditRequest | NarrateRequest | TranscribeRecordingRequest


class Audio(AudioLibrary, ReadingAloud, TranscriptDesk):
    """A part of the Studio; see there."""

    artifacts: Artifacts
    recordings: Recordings
    registry: Registry

    def begin_audio(self, database: Database) -> None:
        """Open what is kept; what a crash cut off is marked so."""
        self.recordings = Recordings(database)
        self.narrations = Narrations(database)
        self.transcripts = Transcripts(database)
        self.recordings.cut_off()
        self.narrations.cut_off()
        self.transcripts.cut_off()

    def audio_doers(self, residency: Residency) -> dict[type[Request], Doer]:
        """Return who does the jobs."""
        editing = Editing(self.recordings, self.artifacts)
        return {
            AudioAddRequest: editing,
            AudioEditRequest: editing,
            NarrateRequest: Narrating(residency, self.narrations, self.artifacts),
            TranscribeRecordingRequest: Transcribing(residency, self.transcripts, self.recordings, self.artifacts),
        }

    def enter_audio(self, job: Job, request: AudioRequest) -> str:
        """Note that a job waits; returns the name of its lane.

        Raises:
            NotFound: What it works on is not there, or somebody else's.  StudioError: Its model can't be used.
        """
        owner = job.caller.owner
        if isinstance(request, NarrateRequest | TranscribeRecordingRequest):
            job.spec = self.registry.find(request.model, request.kind)
            engines.require(engines.ENGINES[job.spec.engine])
        if isinstance(request, NarrateRequest):
            self.narrations.get(request.narration, owner)
            self.narrations.state(request.narration, "waiting", job.id)
            return "narration"
        if isinstance(request, TranscribeRecordingRequest):
            self.recordings.get(request.recording, owner)
            self.transcripts.get(request.transcript, owner)
            self.transcripts.state(request.transcript, "waiting", job.id)
            return engines.ENGINES[job.spec.engine].lane if job.spec else "transcription"
        if isinstance(request, AudioEditRequest):
            self.recordings.get(request.recording, owner)
            self.recordings.state(request.recording, request.revision, "waiting", job.id)
        return "audio"
