"""Transcription with Whisper models in CTranslate2's format (faster-whisper), from a local folder only.

Whisper hears 30 seconds at a time and fills silence with invented words, so the recording first
passes a voice-activity filter (Silero, inside the wheel of faster-whisper). The whole recording is
decoded into memory before: 3.8 MB a minute. A running 30-second window can't be interrupted, so a
stop takes effect at the next segment.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest, StudioError
from contract.events import Detected, EngineEvent, Progress, Segment, Usage, Word
from contract.models import Kind
from contract.requests import Request, TranscribeRequest
from engines.checks import damaged, expect, loaded, model_path

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel

NEEDED = ("model.bin", "config.json", "tokenizer.json")
FORMATS = "WAV, MP3, M4A, FLAC, OGG, Opus or WebM"


class Whisper(Engine):
    """One Whisper model; ``spec.paths[0]`` is its folder."""

    name: ClassVar[str] = "whisper"
    kind: ClassVar[Kind] = "transcription"
    lane: ClassVar[str] = "transcription"
    requires: ClassVar[tuple[str, ...]] = ("faster_whisper", "ctranslate2", "av")
    options: ClassVar[frozenset[str]] = frozenset({"words", "to_english", "prompt", "temperature"})

    _model: "WhisperModel | None" = None

    def load(self) -> None:
        """Read the model; int8 on a CPU, which halves the memory and costs no word on clear speech."""
        folder = model_path(self.spec)
        for name in NEEDED:
            if not (folder / name).is_file():
                raise damaged(self.spec, f"{name} is missing")
        from faster_whisper import WhisperModel

        try:
            self._model = WhisperModel(
                str(folder), device="auto", compute_type="int8", cpu_threads=self.threads, local_files_only=True
            )
        except Exception as exc:  # CTranslate2 raises RuntimeError and ValueError, tokenizers a bare Exception
            raise damaged(self.spec, str(exc)) from exc

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        """Yield Detected (where the model knows languages), then a Segment and Progress for each passage."""
        asked = expect(request, TranscribeRequest, self.spec)
        model = loaded(self._model, self.spec)
        if asked.language is not None and not model.model.is_multilingual and asked.language != "en":
            raise InvalidRequest(
                f"{self.spec.id} hears English only, and language is {asked.language!r}. "
                "Choose a multilingual Whisper in Models, or leave the language out.",
                field="language",
            )
        if asked.language is not None and asked.language not in model.supported_languages:
            raise InvalidRequest(
                f"language is {asked.language!r}, which {self.spec.id} does not know. Use an ISO 639-1 code.",
                field="language",
            )
        if asked.to_english and not model.model.is_multilingual:
            raise InvalidRequest(
                f"{self.spec.id} hears English only, so it can't translate speech. Choose a multilingual Whisper in "
                "Models.",
                field="model",
            )
        audio = _decode(asked.audio)
        seconds = len(audio) / 16_000
        try:
            fixed = {} if asked.temperature is None else {"temperature": asked.temperature}
            segments, info = model.transcribe(
                audio,
                language=asked.language,
                task="translate" if asked.to_english else "transcribe",
                initial_prompt=asked.prompt,
                word_timestamps=asked.words,
                vad_filter=True,
                beam_size=5,
                **fixed,
            )
            if model.model.is_multilingual:
                yield Detected(info.language, info.language_probability)
            yield Progress(0, round(seconds), "")
            for segment in segments:
                words = tuple(Word(word.start, word.end, word.word.strip()) for word in segment.words or ())
                yield Segment(segment.start, segment.end, segment.text, words)
                yield Progress(min(round(segment.end), round(seconds)), round(seconds), "")
                if stop.is_set():
                    break
        except StudioError:
            raise
        except Exception as exc:
            raise EngineFailed(f"{self.spec.id} failed on {asked.audio.name}: {exc}. Try another model.") from exc
        yield Usage(seconds=round(seconds, 2))

    def unload(self) -> None:
        """Give the memory back."""
        if self._model is not None:
            with contextlib.suppress(RuntimeError):
                self._model.model.unload_model()
            self._model = None


def _decode(path: Path) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Return the recording as float32 (n_samples,), [-1, 1], mono, 16,000 Hz."""
    import av
    from faster_whisper import decode_audio

    try:
        audio: np.ndarray[tuple[int], np.dtype[np.float32]] = decode_audio(str(path), sampling_rate=16_000)
    except (av.FFmpegError, IndexError, ValueError, OSError) as exc:
        raise InvalidRequest(
            f"{path.name} has no sound that can be read ({type(exc).__name__}). Use {FORMATS}.", field="audio"
        ) from exc
    if len(audio) == 0:
        raise InvalidRequest(f"{path.name} is 0 seconds long. Record it again or choose another.", field="audio")
    return audio
