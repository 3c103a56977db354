"""Transcription with Whisper models in CTranslate2's format (faster-whisper), from a local folder only.

Whisper hears 30 seconds at a time and fills silence with invented words, so the recording first
passes a voice-activity filter (Silero, inside the wheel of faster-whisper). A long recording is
read and heard in parts of ten minutes, cut at a pause, so that it takes no more memory than a part's
samples (60 MB) and work (0.3 GB), however small the file that it unpacks from. A running 30-second
window can't be interrupted, nor the filter of a part, so a stop takes effect at the next segment or
part. Limit: a part does not know the words of the one before it.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InputTooLarge, InvalidRequest, StudioError
from contract.events import Detected, EngineEvent, Progress, Segment, Usage, Word
from contract.limits import AUDIO_SECONDS
from contract.models import Kind
from contract.requests import Request, TranscribeRequest
from engines.checks import brief, damaged, expect, loaded, model_path, read_json
from engines.recordings import opened

if TYPE_CHECKING:
    import numpy as np
    from faster_whisper import WhisperModel

    Samples = np.ndarray[tuple[int], np.dtype[np.int16]]
    Part = np.ndarray[tuple[int], np.dtype[np.float32]]

NEEDED = ("model.bin", "config.json", "tokenizer.json")
SAMPLE_RATE_HZ = 16_000  # what Whisper hears
PART_S = 600
PAUSE_S, PAUSE_WITHIN_S = 0.5, 60  # a part ends in the quietest half second of its last minute


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
        for name in NEEDED[1:]:
            read_json(self.spec, folder / name)
        from faster_whisper import WhisperModel

        try:
            self._model = WhisperModel(
                str(folder), device="auto", compute_type="int8", cpu_threads=self.threads, local_files_only=True
            )
        except Exception as exc:  # CTranslate2 raises RuntimeError and ValueError, tokenizers a bare Exception
            raise damaged(self.spec, f"{NEEDED[0]} or a file beside it is damaged ({brief(exc)})") from exc

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        """Yield Progress, Detected (where the model knows languages), then a Segment and Progress for each passage."""
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
        total_s = _length_s(asked.audio, stop)
        heard_s = 0.0
        try:
            for event, read_s in self._hear(model, total_s, asked, stop):
                heard_s = read_s
                yield event
        except StudioError:
            raise
        except Exception as exc:
            raise EngineFailed(
                f"{self.spec.id} failed on {asked.audio.name}: {brief(exc)}. Try another model."
            ) from exc
        if not heard_s and not stop.is_set():
            raise InvalidRequest(
                f"{asked.audio.name} is 0 seconds long. Record it again or choose another.", field="audio"
            )
        yield Usage(seconds=round(heard_s, 2))

    def _hear(
        self, model: "WhisperModel", total_s: float, asked: TranscribeRequest, stop: Stop
    ) -> Iterator[tuple[EngineEvent, float]]:
        """Yield events, each with how far the recording has been read, in seconds."""
        total, told, language = round(total_s), 0.0, asked.language
        fixed = {} if asked.temperature is None else {"temperature": asked.temperature}
        yield Progress(0, total), 0.0
        for start, part in _parts(_samples(asked.audio, stop)):
            if stop.is_set():
                return
            began_s, end_s = start / SAMPLE_RATE_HZ, (start + len(part)) / SAMPLE_RATE_HZ
            total = max(total, round(end_s))  # what a file says of its length need not be true
            segments, info = model.transcribe(
                part,
                language=language,
                task="translate" if asked.to_english else "transcribe",
                initial_prompt=asked.prompt,
                word_timestamps=asked.words,
                vad_filter=True,
                beam_size=5,
                **fixed,
            )
            if language is None and model.model.is_multilingual:
                language = info.language  # one recording has one language
                yield Detected(info.language, info.language_probability), end_s
            for segment in segments:
                if stop.is_set():
                    return
                # What Whisper says of time may overlap by a frame, and run past the end of its 30 seconds.
                start_s = max(told, began_s + segment.start)
                told = max(start_s, min(began_s + segment.end, end_s))
                words = tuple(
                    Word(began_s + word.start, began_s + word.end, word.word.strip()) for word in segment.words or ()
                )
                yield Segment(start_s, told, segment.text, words), end_s
                yield Progress(min(round(told), total), total), end_s
            yield Progress(round(end_s), total), end_s

    def unload(self) -> None:
        """Give the memory back."""
        if self._model is not None:
            with contextlib.suppress(RuntimeError):
                self._model.model.unload_model()
            self._model = None


def _length_s(path: Path, stop: Stop) -> float:
    """Return how long a recording is by its packets, which are counted and not decoded; 0 where they do not tell.

    Raises:
        InvalidRequest: It has no sound. InputTooLarge: It is longer than the limit.
    """
    with opened(path, path.name) as container:
        stream = container.streams.audio[0]
        _check_length(path, (container.duration or 0) / 1_000_000)  # FFmpeg's AV_TIME_BASE
        tick_s, seconds = float(stream.time_base or 0), 0.0
        for packet in container.demux(stream):
            if stop.is_set():
                break
            seconds += (packet.duration or 0) * tick_s
            _check_length(path, seconds)
    return seconds


def _check_length(path: Path, seconds: float) -> None:
    if seconds > AUDIO_SECONDS:
        raise InputTooLarge(
            f"{path.name} lasts over {AUDIO_SECONDS // 3600} hours, which is the limit. Send it in parts.",
            field="audio",
            limit=AUDIO_SECONDS,
        )


def _samples(path: Path, stop: Stop) -> "Iterator[Samples]":
    """Yield the recording piece by piece as int16 (n_samples,), mono, 16,000 Hz, until it ends or is stopped."""
    import av

    read = 0
    with opened(path, path.name) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
        for packet in container.demux(audio=0):
            if stop.is_set():
                return
            # A packet that is damaged is left out, as every player does.
            with contextlib.suppress(av.error.InvalidDataError):
                for frame in packet.decode():
                    frame.pts = None  # resampling gives up on times that jump
                    for out in resampler.resample(frame):
                        read += out.samples
                        yield out.to_ndarray()[0]
            _check_length(path, read / SAMPLE_RATE_HZ)
        for out in resampler.resample(None):
            yield out.to_ndarray()[0]


def _parts(pieces: "Iterator[Samples]") -> "Iterator[tuple[int, Part]]":
    """Yield where each part begins and its samples: float32 (n_samples,), [-1, 1]."""
    import numpy as np

    def scaled(samples: "Samples") -> "Part":
        return samples.astype(np.float32) / np.float32(32_768)

    most = PART_S * SAMPLE_RATE_HZ
    begin, kept, held = 0, list["Samples"](), 0
    for piece in pieces:
        kept.append(piece)
        held += len(piece)
        while held > most:
            whole = np.concatenate(kept)
            part = scaled(whole[:most])
            part = part[: _pause(part)]
            yield begin, part
            begin, held = begin + len(part), held - len(part)
            kept = [whole[len(part) :]]
    if held:
        yield begin, scaled(np.concatenate(kept))


def _pause(part: "Part") -> int:
    """The middle of the quietest moment towards the end of a part, in samples."""
    import numpy as np

    step = SAMPLE_RATE_HZ // 10
    within = part[-min(PAUSE_WITHIN_S * SAMPLE_RATE_HZ, len(part) // 2) :]
    within = within[len(within) % step :]
    loudness = np.square(within).reshape(-1, step).mean(axis=1)
    width = round(PAUSE_S * 10)
    quietest = int(np.argmin(np.convolve(loudness, np.ones(width), "valid")))
    return len(part) - len(within) + (quietest * step) + width * step // 2
