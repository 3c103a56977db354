"""What can be done to a recording: the steps of an edit, and the requests that add a recording and edit one.

A place in the sound is in seconds from its beginning; a negative one counts from its end, and an end of None is
the sound's. Each step says what it does to what the step before it gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import ClassVar, Literal, get_args

from contract.errors import InputTooLarge, InvalidRequest
from contract.limits import AUDIO_SECONDS, Limits, check_choice, check_range, check_whole
from contract.models import Kind

AudioForm = Literal["wav", "mp3", "flac", "opus", "m4a"]
STEPS = 100
JOINED = 100
PARTS = 1_000
TAGS = 50
TAG_CHARACTERS = 1_000


def _op_needed(schema: dict[str, object]) -> None:
    required = schema.get("required", [])
    assert isinstance(required, list)
    schema["required"] = ["op", *required]


# What pydantic must know where these are the body of a request; it reads the name. By its op a step is told apart.
STRICT = {"extra": "forbid", "strict": True, "json_schema_extra": _op_needed}


def _check_place(name: str, value: float | None) -> None:
    check_range(name, value, -AUDIO_SECONDS, AUDIO_SECONDS)


def _check_span(start_s: float, end_s: float | None) -> None:
    if start_s is None:
        raise InvalidRequest("start_s is missing; 0 is the beginning.", field="start_s")
    _check_place("start_s", start_s)
    _check_place("end_s", end_s)
    if end_s is not None and (start_s < 0) == (end_s < 0) and end_s <= start_s:
        raise InvalidRequest(f"end_s is {end_s:g}, which is not after start_s ({start_s:g}).", field="end_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """Keep what is between two places, and drop the rest."""

    __pydantic_config__ = STRICT
    op: Literal["trim"] = "trim"
    start_s: float = 0.0
    end_s: float | None = None

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        _check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Drop what is between two places, and close the gap."""

    __pydantic_config__ = STRICT
    op: Literal["cut"] = "cut"
    start_s: float
    end_s: float | None = None

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        _check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fade:
    """Begin from silence over ``in_s`` seconds, and end in it over ``out_s``; 0: not."""

    __pydantic_config__ = STRICT
    op: Literal["fade"] = "fade"
    in_s: float = 0.0
    out_s: float = 0.0

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        for name, value in (("in_s", self.in_s), ("out_s", self.out_s)):
            _needed(name, value)
            check_range(name, value, 0, 3_600)
        if not self.in_s and not self.out_s:
            raise InvalidRequest("in_s and out_s are both 0. Say how long to fade in or out.", field="out_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Make it louder or quieter by ``db``, all of it or a part; what would get over full scale is limited."""

    __pydantic_config__ = STRICT
    op: Literal["gain"] = "gain"
    db: float
    start_s: float = 0.0
    end_s: float | None = None

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        _needed("db", self.db)
        check_range("db", self.db, -100, 40)
        _check_span(self.start_s, self.end_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalise:
    """Bring it to a loudness, in LUFS (ITU-R BS.1770); peaks that would get over full scale are limited."""

    __pydantic_config__ = STRICT
    op: Literal["normalise"] = "normalise"
    lufs: float = -16.0

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        _needed("lufs", self.lufs)
        check_range("lufs", self.lufs, -50, -5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Play it ``factor`` times as fast, at the same pitch."""

    __pydantic_config__ = STRICT
    op: Literal["speed"] = "speed"
    factor: float

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        _needed("factor", self.factor)
        check_range("factor", self.factor, 0.25, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pitch:
    """Move the pitch by semitones, 12 to the octave, at the same speed."""

    __pydantic_config__ = STRICT
    op: Literal["pitch"] = "pitch"
    semitones: float

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        _needed("semitones", self.semitones)
        check_range("semitones", self.semitones, -24, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse:
    """Play it backwards."""

    __pydantic_config__ = STRICT
    op: Literal["reverse"] = "reverse"

    def check(self) -> None:
        """Everything about it is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveSilence:
    """Shorten every pause that is longer than ``longer_than_s`` to ``keep_s``.

    Attributes:
        threshold_db: What is quieter, in dB under full scale, is a pause.
    """

    __pydantic_config__ = STRICT
    op: Literal["remove_silence"] = "remove_silence"
    threshold_db: float = -45.0
    longer_than_s: float = 0.5
    keep_s: float = 0.2

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        for item in fields(self):
            _needed(item.name, getattr(self, item.name))
        check_range("threshold_db", self.threshold_db, -100, -10)
        check_range("longer_than_s", self.longer_than_s, 0.05, 60)
        check_range("keep_s", self.keep_s, 0, 60)
        if self.keep_s > self.longer_than_s:
            raise InvalidRequest(
                f"keep_s is {self.keep_s:g}, over longer_than_s ({self.longer_than_s:g}): no pause would get shorter.",
                field="keep_s",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Denoise:
    """Take steady noise (hiss, hum, a fan) down by up to ``strength_db``."""

    __pydantic_config__ = STRICT
    op: Literal["denoise"] = "denoise"
    strength_db: float = 12.0

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        _needed("strength_db", self.strength_db)
        check_range("strength_db", self.strength_db, 1, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Put other recordings behind it, each as it stands in the library now, ``gap_s`` of silence between."""

    __pydantic_config__ = STRICT
    op: Literal["join"] = "join"
    recordings: Sequence[str]
    gap_s: float = 0.0

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        names = self.recordings
        if isinstance(names, str) or not all(isinstance(each, str) for each in names):
            raise InvalidRequest("recordings must be a list of recordings' ids.", field="recordings")
        if not 1 <= len(names) <= JOINED:
            raise InvalidRequest(f"recordings has {len(names)}; it must have 1 to {JOINED}.", field="recordings")
        _needed("gap_s", self.gap_s)
        check_range("gap_s", self.gap_s, 0, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Make several files of it: cut at places, every so many seconds, or into equal parts. The last of all steps."""

    __pydantic_config__ = STRICT
    op: Literal["split"] = "split"
    at_s: Sequence[float] = ()
    every_s: float | None = None
    parts: int | None = None

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        if bool(self.at_s) + (self.every_s is not None) + (self.parts is not None) != 1:
            raise InvalidRequest("split takes one of at_s, every_s and parts.", field="at_s")
        if len(self.at_s) >= PARTS:
            raise InvalidRequest(f"at_s has {len(self.at_s)} places; the limit is {PARTS - 1}.", field="at_s")
        for place in self.at_s:
            _needed("at_s", place)
            _check_place("at_s", place)
        check_range("every_s", self.every_s, 0.1, AUDIO_SECONDS)
        check_whole("parts", self.parts, 2, PARTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Convert:
    """Write it in another form; wherever it stands in a list, and later ones over earlier ones. None: as the original.

    Attributes:
        bit_rate_kbps: For MP3, Opus and M4A.
        tags: Title, artist and so on, over the original's; an empty text removes one.
    """

    __pydantic_config__ = STRICT
    op: Literal["convert"] = "convert"
    format: AudioForm | None = None
    sample_rate_hz: int | None = None
    channels: Literal["mono", "stereo"] | None = None
    bit_rate_kbps: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        if self == Convert():
            raise InvalidRequest("convert changes nothing. Name a format, a rate, channels or tags.", field="format")
        check_choice("format", self.format, get_args(AudioForm))
        check_choice("channels", self.channels, ("mono", "stereo"))
        check_whole("sample_rate_hz", self.sample_rate_hz, 8_000, 192_000)
        check_whole("bit_rate_kbps", self.bit_rate_kbps, 8, 512)
        if not isinstance(self.tags, Mapping) or len(self.tags) > TAGS:
            raise InvalidRequest(f"tags must be at most {TAGS} names with a text each.", field="tags")
        for name, text in self.tags.items():
            sound = isinstance(name, str) and isinstance(text, str) and 1 <= len(name) <= 60
            if not sound or len(text) > TAG_CHARACTERS or not f"{name}{text}".replace("\n", "").isprintable():
                raise InvalidRequest(
                    f"tags has {str(name)[:60]!r}, whose text can't be written; at most {TAG_CHARACTERS:,} printable "
                    "characters, please.",
                    field="tags",
                )


Step = Trim | Cut | Fade | Gain | Normalise | Speed | Pitch | Reverse | RemoveSilence | Denoise | Join | Split | Convert
KINDS: Mapping[str, type[Step]] = {kind.__dataclass_fields__["op"].default: kind for kind in get_args(Step)}


def _needed(name: str, value: object) -> None:
    if value is None:
        raise InvalidRequest(f"{name} is missing.", field=name)


def step_of(values: Mapping[str, object]) -> Step:
    """Return a step from what ``told`` gave, or somebody wrote; raises InvalidRequest."""
    kind = KINDS.get(str(values.get("op")))
    if kind is None:
        raise InvalidRequest(
            f"There is no step {str(values.get('op'))[:40]!r}. There are {', '.join(KINDS)}.", field="op"
        )
    known = {item.name for item in fields(kind)}
    if stranger := next((name for name in values if name not in known), None):
        raise InvalidRequest(f"{values['op']} has no {str(stranger)[:40]!r}. It has {', '.join(sorted(known))}.")
    try:
        step = kind(**values)  # type: ignore[arg-type]  # their values are checked by check()
        step.check()
    except TypeError as exc:
        raise InvalidRequest(f"The step {values['op']} lacks a value, or has one of a wrong type.", field="op") from exc
    return step


def told(step: Step) -> dict[str, object]:
    """Return a step as JSON's values, without what was left out."""
    usual = {item.name: item.default for item in fields(step) if item.name != "op"}
    values = asdict(step)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if (name not in usual or value != usual[name]) and value is not None and value != {} and value != ()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioAddRequest:
    """Take a recording into the audio library: look at its sound from beginning to end, and keep the file.

    Attributes:
        path: The file; it is copied.  name: What its owner calls it.
    """

    kind: ClassVar[Kind] = "audio"
    model: ClassVar[None] = None  # it takes none
    path: Path
    name: str

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        if not self.path.is_file():
            raise InvalidRequest("There is no recording. Choose a file, then try again.", field="file")
        size = self.path.stat().st_size
        if size == 0:
            raise InvalidRequest("The file is empty (0 bytes). Choose another.", field="file")
        if size > limits.audio_bytes:
            raise InputTooLarge(
                f"The file has {size / 1e6:,.0f} MB; the limit is {limits.audio_bytes / 1e6:,.0f} MB. "
                "Split it, or convert it to MP3 or FLAC.",
                field="file",
                limit=limits.audio_bytes,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioEditRequest:
    """Make a recording's edited sound from its untouched original.

    Attributes:
        recording: Its id in the audio library.  name: What its owner calls it.
        revision: Of its list of steps; what comes out of an older one is thrown away.
    """

    kind: ClassVar[Kind] = "audio"
    model: ClassVar[None] = None  # it takes none
    recording: str
    name: str
    steps: tuple[Step, ...]
    revision: int

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        check_steps(self.steps)


def check_steps(steps: Sequence[Step]) -> None:
    """Raise InvalidRequest for a step that can't be, too many of them, or one after a split."""
    if len(steps) > STEPS:
        raise InvalidRequest(f"There are {len(steps)} steps; the limit is {STEPS}.", field="steps")
    for step in steps:
        step.check()
    shaping = [step for step in steps if not isinstance(step, Convert)]
    if any(isinstance(step, Split) for step in shaping[:-1]):
        raise InvalidRequest("split makes several files, so it must be the last step. Move it down.", field="steps")
