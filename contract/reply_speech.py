"""The request that speaks a reply while it is still being written."""

from dataclasses import dataclass
from typing import ClassVar

from contract.limits import Limits, check_language, check_model, check_range
from contract.models import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakReplyRequest:
    """Speak what a chat job writes, sentence by sentence, from its first sentence on.

    Attributes:
        reply_job: The chat job's id.
        model: The voice's id; None: one that speaks the language.
        language: What the person spoke (ISO 639-1); where the reply is plainly in another one that a voice
            here speaks, that voice is taken. None: the default voice's.
        speed: As in SpeechRequest.
        text: What has been spoken. The Studio fills it in at the end, for the log.
    """

    kind: ClassVar[Kind] = "speech"
    reply_job: str
    model: str | None = None
    language: str | None = None
    speed: float = 1.0
    text: str = ""

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        check_model(self.model)
        check_language("language", self.language)
        check_range("speed", self.speed, 0.5, 2)
