"""Robotic speech with eSpeak NG, for a language that has no Piper voice here: the library and data inside piper-tts.

Piper asks eSpeak NG for phonemes; its own synthesis by formants is in the same library, and speaks some hundred
languages at once, understandably and like a robot. Nothing is fetched. Limits: the library keeps one voice per process,
so it takes turns with Piper; it is called through ctypes, for Piper's binding has no call for sound.
"""

import ctypes
import importlib.util
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest
from contract.events import AudioChunk, EngineEvent, Progress, Usage
from contract.models import Kind, ModelSpec
from contract.requests import Request, SpeechRequest
from engines.checks import expect, loaded
from engines.piper import ESPEAK, LONGEST_SENTENCE, PARAGRAPH_PAUSE_S, SENTENCE_PAUSE_S
from engines.sentences import pieces
from engines.spoken import AsWritten, Reader, language_of

PREFIX = "espeak-"
# Its names for what we call otherwise, and for English as most expect it.
NAMES = {"en": "en-us", "zh": "cmn", "no": "nb", "nn": "nb", "pt": "pt"}
WORDS_PER_MINUTE, SLOWEST, FASTEST = 175, 80, 450
# speak_lib.h
SYNCHRONOUS, DONT_EXIT, UTF8, RATE, BY_CHARACTER = 2, 0x8000, 1, 1, 1
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak(Engine):
    """One language; ``spec.languages`` names it."""

    name: ClassVar[str] = "espeak"
    kind: ClassVar[Kind] = "speech"
    lane: ClassVar[str] = "speech"
    requires: ClassVar[tuple[str, ...]] = ("piper",)

    _library: "_Library | None" = None
    _reader: Reader | None = None

    def load(self) -> None:
        """Find the library: milliseconds."""
        with ESPEAK:
            self._library = _Library.get()
        self._reader = Reader(language_of(self.spec))

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        """Yield an AudioChunk with each sentence, as it is written, and the pause behind it."""
        asked = expect(request, SpeechRequest, self.spec)
        library = loaded(self._library, self.spec)
        reader = loaded(self._reader, self.spec) if asked.normalize_text else AsWritten()
        cut = list(reader.cut(asked.text, LONGEST_SENTENCE))
        samples = 0
        for number, written in enumerate(cut, start=1):
            if stop.is_set():
                break
            parts = [piece.text for piece in pieces(reader.say(written), LONGEST_SENTENCE)]
            with ESPEAK:
                pcm = library.speak(voice_of(self.spec), parts, asked.speed)
            if pcm:
                pause_s = PARAGRAPH_PAUSE_S if written.gap.count("\n") > 1 else SENTENCE_PAUSE_S
                if number < len(cut):
                    pcm += bytes(2 * round(library.rate_hz * pause_s * asked.pauses / asked.speed))
                samples += len(pcm) // 2
                yield AudioChunk(pcm, library.rate_hz, written.original)
            yield Progress(number, len(cut))
        if not samples and not stop.is_set():
            raise InvalidRequest(
                "The text has no words that can be spoken, only signs. Write some words and try again.", field="text"
            )
        yield Usage(characters=len(asked.text), seconds=round(samples / library.rate_hz, 3))

    def unload(self) -> None:
        """Let the library be; it has no way to be left that Piper would survive."""
        self._library = self._reader = None


class _Library:
    """eSpeak NG's own calls; used under Piper's lock alone."""

    _only: "ClassVar[_Library | None]" = None

    @classmethod
    def get(cls) -> "_Library":
        """Return the one of this process; raises EngineFailed."""
        cls._only = cls._only or cls()
        return cls._only

    def __init__(self) -> None:
        folder = _folder()
        files = sorted(folder.glob("espeakbridge*")) if folder else []
        binary = next((path for path in files if path.suffix in (".so", ".pyd", ".dylib")), None)
        if folder is None or binary is None:
            raise EngineFailed("piper-tts comes without eSpeak NG here. Install it anew, or take a Piper voice.")
        self._calls = ctypes.CDLL(str(binary))
        self._calls.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        self._calls.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        self._calls.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
        self._calls.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint),
            *(ctypes.c_void_p, ctypes.c_void_p),
        ]
        data = str(folder / "espeak-ng-data").encode()
        self.rate_hz = self._calls.espeak_Initialize(SYNCHRONOUS, 0, data, DONT_EXIT)
        if self.rate_hz <= 0:
            raise EngineFailed("eSpeak NG could not be started. Install piper-tts anew, or take a Piper voice.")
        self._heard = bytearray()
        self._callback = _Callback(self._hear)  # kept, for the library keeps no hold of it

    def _hear(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: object) -> int:
        if count > 0:  # at the end there are none, and the pointer leads nowhere
            self._heard += ctypes.string_at(samples, 2 * count)
        return 0

    def speak(self, voice: str, parts: Sequence[str], speed: float) -> bytes:
        """Return 16-bit mono PCM; raises EngineFailed."""
        self._calls.espeak_SetSynthCallback(self._callback)
        if self._calls.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EngineFailed(f"eSpeak NG has no voice {voice!r}. Choose another voice.")
        words = min(FASTEST, max(SLOWEST, round(WORDS_PER_MINUTE * speed)))
        self._calls.espeak_SetParameter(RATE, words, 0)
        self._heard.clear()
        for part in parts:
            if any(character.isalnum() for character in part):
                text = part.replace("\0", " ").encode()
                if self._calls.espeak_Synth(text, len(text) + 1, 0, BY_CHARACTER, 0, UTF8, None, None) != 0:
                    raise EngineFailed(f"eSpeak NG failed on {part[:60]!r}. Change that sentence.")
        return bytes(self._heard)


def voice_of(spec: ModelSpec) -> str:
    """Return eSpeak NG's name of a model's language."""
    return NAMES.get(spec.languages[0], spec.languages[0])


def robotic_voice(model: str) -> ModelSpec | None:
    """Return the voice that an id such as ``espeak-fi`` stands for; None: there is none."""
    language = model.lower().removeprefix(PREFIX)
    if not model.lower().startswith(PREFIX) or language not in robotic_languages():
        return None
    return ModelSpec(
        id=PREFIX + language,
        engine=Espeak.name,
        kind="speech",
        title=f"Robotic voice ({language}, eSpeak NG)",
        memory_bytes=8_000_000,
        languages=(language,),
        licence="GPL-3.0-or-later",
        note="A robotic voice for a language without a better one here. Piper voices sound like people.",
    )


@cache
def robotic_languages() -> frozenset[str]:
    """Return the languages (ISO 639-1) that have a robotic voice; none where piper-tts is not installed."""
    folder = _folder()
    if folder is None:
        return frozenset()
    spoken = {path.name for path in (folder / "espeak-ng-data" / "lang").glob("*/*")}
    plain = {name.partition("-")[0] for name in spoken}
    ours = {name for name, theirs in NAMES.items() if theirs in spoken or theirs.partition("-")[0] in plain}
    return frozenset({name for name in plain if len(name) == 2} | ours)


def _folder() -> Path | None:
    found = importlib.util.find_spec("piper")
    return Path(found.origin).parent if found is not None and found.origin else None
