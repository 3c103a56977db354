"""What surfaces ask of transcripts: write a recording down, mend its segments, take an edit back, export, delete."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from contract.errors import InvalidRequest
from contract.events import Segment, Word
from contract.ids import new_id
from contract.limits import AUDIO_SECONDS, check_range, check_text
from contract.models import Kind
from contract.narration import TranscribeRecordingRequest
from contract.requests import Request
from engines.word_times import matched
from store import KeptTranscript, Recordings, Transcripts
from store.database import now
from store.transcripts import changed_since
from studio.caller import Caller
from studio.job import Job
from studio.registry import Registry

SEGMENT_CHARACTERS = 5_000
SEGMENTS_AT_ONCE = 10_000
TOUCH_S = 0.005  # times are told in milliseconds


class TranscriptDesk:
    """A part of the Studio; see there."""

    registry: Registry
    recordings: Recordings
    transcripts: Transcripts

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def transcribe_recording(
        self, recording_id: str, caller: Caller, model: str | None = None, language: str | None = None
    ) -> Job:
        """Write a recording of the library down, and keep the transcript; ``transcript_of`` tells which it is.

        Raises:
            NotFound: There is no such recording.  StudioError: The model can't be used, or the lane is full.
        """
        found = self.recordings.get(recording_id, caller.owner)
        spec = self.registry.find(model, "transcription")
        at = now()
        asked = TranscribeRecordingRequest(
            transcript=new_id(), recording=found.id, name=found.name, model=spec.id, language=language
        )
        transcript = KeptTranscript(
            id=asked.transcript, owner=caller.owner, recording_id=found.id, name=found.name, model=spec.id,
            language=language, state="waiting", created_at=at, updated_at=at,
        )  # fmt: skip
        self.transcripts.add(transcript)
        try:
            return self.submit(asked, caller)
        except BaseException:
            self.transcripts.delete(transcript.id, caller.owner)
            raise

    def transcript_of(self, job: Job, caller: Caller) -> KeptTranscript:
        """Return the transcript that a job writes or wrote; raises NotFound."""
        request = job.request
        wanted = request.transcript if isinstance(request, TranscribeRecordingRequest) else ""
        return self.transcripts.get(wanted, caller.owner)

    def transcript(self, transcript_id: str, caller: Caller) -> KeptTranscript:
        """Return one transcript of the caller's; raises NotFound."""
        return self.transcripts.get(transcript_id, caller.owner)

    def edit_transcript(
        self, transcript_id: str, caller: Caller, at: int, remove: int, segments: Sequence[Segment],
        revision: int | None = None,
    ) -> KeptTranscript:  # fmt: skip
        """Put segments in the place of others: a text or times mended, two merged, one split, one deleted.

        Args:
            at, remove: Which ones go: so many from number ``at`` on, 0 is the first.
            segments: What comes there; their words are timed by those that go.
            revision: That the caller has seen; None: any.

        Raises:
            InvalidRequest: A time or a text can't be.  NotFound, Conflict: As in ``Transcripts.splice``.
        """
        found = self.transcripts.get(transcript_id, caller.owner)
        if revision is not None and found.revision != revision:
            raise changed_since()  # before its segments are held against ones that were never seen
        gone = found.segments[at : at + remove]
        _check(segments, found.segments[:at][-1:], found.segments[at + remove :][:1])
        self.transcripts.splice(transcript_id, caller.owner, at, remove, _timed(segments, gone), revision)
        return self.transcripts.get(transcript_id, caller.owner)

    def restore_transcript(self, transcript_id: str, caller: Caller, revision: int | None = None) -> KeptTranscript:
        """Put what was recognised in the place of all edits; that can be taken back as any edit."""
        found = self.transcripts.get(transcript_id, caller.owner)
        self.transcripts.splice(transcript_id, caller.owner, 0, len(found.segments), found.original, revision)
        return self.transcripts.get(transcript_id, caller.owner)

    def transcript_back(
        self, transcript_id: str, caller: Caller, by: Literal[-1, 1] = -1, revision: int | None = None
    ) -> KeptTranscript:
        """Undo (-1) or redo (1) an edit; Conflict where there is none."""
        self.transcripts.step_back(transcript_id, caller.owner, by, revision)
        return self.transcripts.get(transcript_id, caller.owner)

    def delete_transcript(self, transcript_id: str, caller: Caller) -> None:
        """Delete a transcript; its recording stays in the library, a job that writes it is cancelled."""
        found = self.transcripts.get(transcript_id, caller.owner)
        for job in self.jobs(caller, "transcription"):
            if isinstance(job.request, TranscribeRecordingRequest) and job.request.transcript == found.id:
                job.cancel()
        self.transcripts.delete(transcript_id, caller.owner)

    def jobs(self, caller: Caller | None, kind: Kind | None = None) -> list[Job]:
        """Return unfinished jobs; see Studio."""
        raise NotImplementedError


def _check(segments: Sequence[Segment], before: Sequence[Segment], after: Sequence[Segment]) -> None:
    if len(segments) > SEGMENTS_AT_ONCE:
        raise InvalidRequest(
            f"There are {len(segments)} segments; the limit is {SEGMENTS_AT_ONCE} at once.", field="segments"
        )
    last = before[0].end_s if before else 0.0
    for each in segments:
        check_text("text", each.text, SEGMENT_CHARACTERS)
        check_range("start_s", each.start_s, 0, AUDIO_SECONDS)
        check_range("end_s", each.end_s, 0, AUDIO_SECONDS)
        if each.end_s < each.start_s:
            raise InvalidRequest(f"end_s is {each.end_s:g}, which is before start_s ({each.start_s:g}).", field="end_s")
        if each.start_s < last - TOUCH_S:
            raise InvalidRequest(
                f"start_s is {each.start_s:g}, and the segment before it ends at {last:g} s. Begin there or later.",
                field="start_s",
            )
        last = each.end_s
    if segments and after and after[0].start_s < last - TOUCH_S:
        raise InvalidRequest(
            f"end_s is {last:g}, and the next segment begins at {after[0].start_s:g} s. Let it end there or earlier.",
            field="end_s",
        )


def _timed(segments: Sequence[Segment], gone: Sequence[Segment]) -> list[Segment]:
    """Return segments with the times of those words that were there already; new words share the time between."""
    spoken = [word for each in gone for word in each.words]
    texts = [each.text.split() for each in segments]
    if not spoken or not any(texts):
        return [replace(each, text=each.text.strip(), words=()) for each in segments]
    times = iter(
        matched(
            [word for text in texts for word in text],
            [word.text for word in spoken],
            [(word.start_s, word.end_s) for word in spoken],
        )
    )
    made = []
    for each, text in zip(segments, texts, strict=True):
        words = []
        for word in text:
            start_s, end_s = (min(max(place, each.start_s), each.end_s) for place in next(times))
            words.append(Word(start_s, end_s, word))
        made.append(replace(each, text=each.text.strip(), words=tuple(words)))
    return made
