"""What both languages' phrases are made of: rules, and the steps that several phrases mean."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contract.audio import (
    AudioForm,
    Convert,
    Denoise,
    Fade,
    Gain,
    Join,
    Normalise,
    Pitch,
    RemoveSilence,
    Speed,
    Split,
    Step,
)
from studio.sound.instructions.quantities import number

MUTE_DB = -100.0
FADE_S = 2.0  # where nobody says how long
LEVEL_DB, LITTLE_DB, MUCH_DB = 6.0, 3.0, 10.0
NOISE_DB, LITTLE_NOISE_DB, MUCH_NOISE_DB = 12.0, 6.0, 24.0
LOUDNESS = {"podcast": -16.0, "broadcast": -23.0, "tv": -23.0, "tele": -23.0, "radi": -23.0}
MUSIC_LUFS = -14.0
FORMATS: dict[str, AudioForm] = {
    "mp3": "mp3", "wav": "wav", "wave": "wav", "flac": "flac",
    "opus": "opus", "ogg": "opus", "m4a": "m4a", "aac": "m4a",
}  # fmt: skip
# Names of tags in both languages; a tag and a joined recording carry the number of a quoted text until it is put in.
TAGS = {"tytuł": "title", "wykonawca": "artist", "wykonawcę": "artist", "autor": "artist", "author": "artist",
        "gatunek": "genre", "komentarz": "comment"}  # fmt: skip
Match = re.Match[str]
Make = Callable[[Match], "Step | Sequence[Step]"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase and what it means.

    Attributes:
        needs, not_if: What must, or must not, be in the phrase too; None: anything.
    """

    phrase: re.Pattern[str]
    make: Make
    needs: re.Pattern[str] | None = None
    not_if: re.Pattern[str] | None = None

    def read(self, clause: str) -> list[Step] | None:
        """Return the steps that a clause means by this rule, or None."""
        found = self.phrase.fullmatch(clause)
        if found is None or (self.needs and not self.needs.search(clause)):
            return None
        if self.not_if and self.not_if.search(clause):
            return None
        made = self.make(found)
        return list(made) if isinstance(made, Sequence) else [made]


def rule(phrase: str, make: Make, *, needs: str | None = None, not_if: str | None = None) -> Rule:
    """Return a rule for a phrase, which the whole clause must be."""
    return Rule(re.compile(phrase), make, re.compile(needs) if needs else None, re.compile(not_if) if not_if else None)


def fade(in_s: float = 0.0, out_s: float = 0.0) -> Step:
    """Return a fade."""
    return Fade(in_s=in_s, out_s=out_s)


def fades(
    both: str, way_in: str, way_out: str, in_needs: str | None = None, out_needs: str | None = None
) -> list[Rule]:
    """Return the rules of fades; the groups of each phrase are places where its time may stand."""

    def long(match: Match) -> float:
        return next((number(group) for group in match.groups() if group), FADE_S)

    return [
        rule(both, lambda m: fade(in_s=long(m), out_s=long(m))),
        rule(way_in, lambda m: fade(in_s=long(m)), needs=in_needs),
        rule(way_out, lambda m: fade(out_s=long(m)), needs=out_needs),
    ]


def levels(up: str, down: str, said_up: str, said_down: str, by: str, little: str, much: str, about: str) -> list[Rule]:
    """Return the rules for louder and quieter: by decibels, by a share, a little, much, or as usual."""
    found: list[Rule] = []
    for phrase, said, other, sign in ((up, said_up, said_down, 1), (down, said_down, said_up, -1)):
        before, behind = rf"(?:{phrase})", rf"(?: ?{phrase})?"

        def by_db(match: Match, sign: int = sign) -> Step:
            value = float(next(group for group in match.groups() if group))
            return Gain(db=value if value < 0 else sign * value)

        def by_share(match: Match, sign: int = sign) -> Step:
            return _share(float(next(group for group in match.groups() if group)), sign)

        def usual(match: Match, sign: int = sign) -> Step:
            text = match[0]
            if re.search(rf"\b(?:{little})\b", text):
                return Gain(db=sign * LITTLE_DB)
            return Gain(db=sign * (MUCH_DB if re.search(rf"\b(?:{much})\b", text) else LEVEL_DB))

        amount = rf"(?:{by})? ?@{{letter}}([-+]?[\d.]+)"
        for letter, make in (("d", by_db), ("p", by_share)):
            this = amount.replace("{letter}", letter)
            found.append(rule(rf"{before}{this}{behind}", make, needs=said, not_if=other))
        found.append(
            rule(
                rf"{before}(?: ?(?:{little}|{much}))?{behind}",
                usual,
                needs=rf"(?=.*(?:{said}))(?=.*(?:{about}))",
                not_if=other,
            )
        )
    return found


def _share(percent: float, sign: int) -> Step:
    import math

    factor = 1 + sign * percent / 100
    return Gain(db=MUTE_DB if factor <= 0 else round(20 * math.log10(factor), 2))


def noise(phrase: str, by: str, little: str, much: str) -> list[Rule]:
    """Return the rules for less noise."""

    def usual(match: Match) -> Step:
        if re.search(rf"\b(?:{little})\b", match[0]):
            return Denoise(strength_db=LITTLE_NOISE_DB)
        return Denoise(strength_db=MUCH_NOISE_DB if re.search(rf"\b(?:{much})\b", match[0]) else NOISE_DB)

    how = rf"(?:{little}|{much})"
    return [
        rule(rf"(?:{phrase})(?:{by})? @d([\d.]+)", lambda m: Denoise(strength_db=float(m[1]))),
        rule(rf"(?:{how} )?(?:{phrase})(?: {how})?", usual),
    ]


def normalise(lufs: str) -> Step:
    """Return a loudness; nobody means one over 0 LUFS, so a bare 16 is -16."""
    return Normalise(lufs=-abs(float(lufs)))


def purpose(what: str) -> Step:
    """Return the loudness that a use asks for."""
    return Normalise(lufs=next((lufs for name, lufs in LOUDNESS.items() if what.startswith(name)), MUSIC_LUFS))


def speed(factor: float) -> Step:
    """Return a speed."""
    return Speed(factor=round(factor, 4))


def pitch(semitones: float) -> Step:
    """Return a change of pitch."""
    return Pitch(semitones=float(semitones))


def pauses(longer: str | None, to: str | None) -> Step:
    """Return the shortening of pauses over a length to another."""
    keep = number(to) if to else None
    over = number(longer) if longer else None
    if over is None:
        over = max(0.5, keep or 0.0)
    return RemoveSilence(longer_than_s=over, keep_s=min(over, 0.2) if keep is None else keep)


def parts(count: str) -> Step:
    """Return a split into equal parts."""
    return Split(parts=int(count))


def every(token: str) -> Step:
    """Return a split every so many seconds."""
    return Split(every_s=number(token))


def places(tokens: str) -> Step:
    """Return a split at places."""
    return Split(at_s=tuple(number(token) for token in re.findall(r"@t[\d.]+", tokens)))


def form(name: str | None, kbps: str | None = None, channels: str | None = None) -> Step:
    """Return a conversion."""
    return Convert(
        format=None if name is None else FORMATS[name],
        bit_rate_kbps=None if kbps is None else int(kbps),
        channels="mono" if channels == "mono" else "stereo" if channels else None,
    )


def rate(hz: str) -> Step:
    """Return a conversion to a sample rate."""
    return Convert(sample_rate_hz=int(hz))


def tag(name: str, quoted: str) -> Step:
    """Return a tag; its text is put in by its number."""
    return Convert(tags={TAGS.get(name, name): f"@q{quoted}"})


def join(quoted: str) -> Step:
    """Return a join; the name of the recording is put in by its number."""
    return Join(recordings=(f"@q{quoted}",))
