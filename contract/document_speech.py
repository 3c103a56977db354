"""The request that reads a translated document aloud into one file with chapters."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from contract.limits import Limits, check_choice, check_model, check_range
from contract.models import Kind

ChapterFormat = Literal["mp3", "ogg", "m4a"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakDocumentRequest:
    """Read the translation of a document aloud.

    Attributes:
        document: Its id.  name: The name of its file.
        form: MP3, Opus in OGG, or AAC in M4A; each takes chapter marks.
        model: The voice's id; None: the best one here that speaks the translation's language.
        speed, pitch, volume, pauses: As in SpeechRequest.
    """

    kind: ClassVar[Kind] = "speech"
    document: str
    name: str
    form: ChapterFormat = "mp3"
    model: str | None = None
    speed: float = 1.0
    pitch: float = 1.0
    volume: float = 1.0
    pauses: float = 1.0

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        check_model(self.model)
        check_choice("form", self.form, get_args(ChapterFormat))
        check_range("speed", self.speed, 0.5, 2)
        check_range("pitch", self.pitch, 0.5, 2)
        check_range("volume", self.volume, 0, 2)
        check_range("pauses", self.pauses, 0, 5)
