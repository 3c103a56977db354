"""Conversations by voice, by way of the Studio: who hears, who speaks, all three models warm, a reply spoken.

A turn is three ordinary requests: a recording is written down, said in a conversation, and the reply is
spoken while it is written. So a voice conversation is a conversation like any other.
"""

import contextlib

import engines
from contract.engine import Stop
from contract.errors import NotFound, StudioError
from contract.models import ModelSpec
from contract.reply_speech import SpeakReplyRequest
from contract.requests import Request
from studio.caller import Caller
from studio.doing import Doer
from studio.inventory import Inventory
from studio.job import Job
from studio.speaking import ReplyVoice, voice_for

LANE = "replies"


class Talking(Inventory):
    """What a Studio does with spoken conversations."""

    def job(self, job_id: str, caller: Caller) -> Job:
        """Return a job of the caller's; see Studio."""
        raise NotImplementedError

    def submit(self, request: Request, caller: Caller | None = None) -> Job:
        """Take a request; see Studio."""
        raise NotImplementedError

    def begin_talking(self) -> dict[type[Request], Doer]:
        """Return what speaks replies, for the worker."""
        return {SpeakReplyRequest: ReplyVoice(self.job, self.registry, self.residency, self.detect)}

    def reply_lane(self, job: Job) -> str:
        """Return the lane of a job that speaks a reply, with its voice chosen; "": it is none.

        Raises:
            NotFound: There is no such chat job of the caller's. ModelNotInstalled: Nothing speaks the language.
        """
        request = job.request
        if not isinstance(request, SpeakReplyRequest):
            return ""
        reply = self.job(request.reply_job, job.caller)
        if reply.kind != "chat":
            raise NotFound(f"Job {reply.id} writes no reply. Name a chat job.", id=reply.id)
        job.conversation_id = reply.conversation_id
        named = request.model
        job.spec = self.voice_for(request.language) if named is None else self.spec(named, "speech")
        engines.require(engines.ENGINES[job.spec.engine])
        return LANE

    def speak_reply(self, reply: Job, caller: Caller, language: str | None = None) -> Job:
        """Speak a chat job's reply while it is written; returns the job that does.

        Args:
            language: What the person spoke, ISO 639-1.

        Raises:
            StudioError: It is refused, as where no voice is here.
        """
        return self.submit(SpeakReplyRequest(reply_job=reply.id, language=language), caller)

    def voice_for(self, language: str | None) -> ModelSpec:
        """Return a voice that speaks a language, a robotic one where there is no better; raises ModelNotInstalled."""
        return voice_for(self.registry, language)

    def ears_for(self, language: str) -> ModelSpec:
        """Return a transcription model that hears a language, the default where none does.

        Raises:
            ModelNotInstalled: There is no transcription model.
        """
        usual = self.spec(None, "transcription")
        others = self.registry.installed("transcription")
        return next((spec for spec in (usual, *others) if not spec.languages or language in spec.languages), usual)

    def warm_up(self, models: list[ModelSpec]) -> None:
        """Load models, one after the other, so that the first turn need not wait; what can't be loaded tells then."""
        for spec in models:
            with (
                contextlib.suppress(StudioError),
                self.residency.use(self.residency.as_loaded(spec), Stop(), lambda: None),
            ):
                pass
