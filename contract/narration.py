"""The requests that read a long text aloud and that write a kept recording down; both go on what is stored already."""

from dataclasses import dataclass
from typing import ClassVar, get_args

from contract.document_speech import ChapterFormat
from contract.errors import InvalidRequest
from contract.limits import Limits, check_choice, check_language, check_model, check_range
from contract.models import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrateRequest:
    """Read a long text aloud into one file, from where it was.

    Attributes:
        narration: Its id.  name: What its owner calls it.
        form: MP3, Opus in OGG, or AAC in M4A; each takes chapter marks.
        model: The voice's id; None: the default voice.
        speed, pitch, volume, pauses, normalize_text: As in SpeechRequest.
    """

    kind: ClassVar[Kind] = "speech"
    narration: str
    name: str
    form: ChapterFormat = "mp3"
    model: str | None = None
    speed: float = 1.0
    pitch: float = 1.0
    volume: float = 1.0
    pauses: float = 1.0
    normalize_text: bool = True

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        check_model(self.model)
        check_choice("form", self.form, get_args(ChapterFormat))
        check_range("speed", self.speed, 0.5, 2)
        check_range("pitch", self.pitch, 0.5, 2)
        check_range("volume", self.volume, 0, 2)
        check_range("pauses", self.pauses, 0, 5)
        if not isinstance(self.normalize_text, bool):
            raise InvalidRequest(
                f"normalize_text is {self.normalize_text!r}; it must be true or false.", field="normalize_text"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeRecordingRequest:
    """Write down what a recording of the audio library says, and keep it to be edited.

    Attributes:
        transcript: The id of what is kept.  recording: Whose sound it is.  name: What its owner calls it.
        model, language: As in TranscribeRequest.
    """

    kind: ClassVar[Kind] = "transcription"
    transcript: str
    recording: str
    name: str
    model: str | None = None
    language: str | None = None

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        check_model(self.model)
        check_language("language", self.language)
