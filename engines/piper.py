"""Speech with Piper voices (VITS, ONNX), sentence by sentence, so that it is heard before it is finished.

The same text does not give the same samples twice: the model draws its own noise, and takes no
seed. The phonemes of most languages come from the espeak-ng data inside the wheel; nothing is
fetched. Limits: espeak-ng keeps its voice per process, so one voice speaks at a time.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest
from contract.events import AudioChunk, EngineEvent, Progress, Usage
from contract.models import Kind
from contract.requests import Request, SpeechRequest
from engines.checks import brief, damaged, expect, loaded, model_path, read_json
from engines.onnx_output import with_output_of
from engines.sentences import pieces
from engines.spoken import AsWritten, Reader, language_of
from engines.word_times import words_of

if TYPE_CHECKING:
    from piper import PiperVoice, SynthesisConfig

SENTENCE_PAUSE_S = 0.2
PARAGRAPH_PAUSE_S = 0.6
LONGEST_SENTENCE = 300  # characters: a longer one would hold up the first sound
ESPEAK = threading.Lock()  # its voice belongs to the whole process


class Piper(Engine):
    """One voice; ``spec.paths[0]`` is its ``.onnx`` file or the folder with it and its ``.onnx.json``."""

    name: ClassVar[str] = "piper"
    kind: ClassVar[Kind] = "speech"
    lane: ClassVar[str] = "speech"
    requires: ClassVar[tuple[str, ...]] = ("piper", "onnxruntime")

    _voice: "PiperVoice | None" = None
    _reader: Reader | None = None

    def load(self) -> None:
        """Read the voice: about a second."""
        path = model_path(self.spec)
        model = self._model_in(path) if path.is_dir() else path
        config = model.with_name(model.name + ".json")
        read_json(self.spec, config)
        import onnxruntime
        from piper import PiperConfig, PiperVoice

        try:
            # Piper's own way to load takes every core.
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.threads
            # Threads that spin while they wait take the core on which the sentence before is encoded and sent.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            # Most voices don't tell how long each phoneme lasts, and all of them know it.
            timed = with_output_of(model.read_bytes(), "Ceil")
            session = onnxruntime.InferenceSession(timed or str(model), options, providers=["CPUExecutionProvider"])
            del timed
            settings = PiperConfig.from_dict(json.loads(config.read_text(encoding="utf-8")))
            # It fetches dictionaries for a few languages into the folder that it is given.
            self._voice = PiperVoice(session, settings, download_dir=model.parent)
        except Exception as exc:  # onnxruntime's errors share no class; a KeyError is a missing setting
            why = f"{model.name} or {config.name} is cut off, damaged or of a newer kind ({type(exc).__name__})"
            raise damaged(self.spec, why) from exc
        self._reader = Reader(language_of(self.spec))

    def _model_in(self, folder: Path) -> Path:
        found = sorted(folder.glob("*.onnx"))
        if not found:
            raise damaged(self.spec, f"{folder.name} has no .onnx file")
        return found[0]

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        """Yield an AudioChunk with each sentence, as it is written, and the pause behind it."""
        asked = expect(request, SpeechRequest, self.spec)
        voice = loaded(self._voice, self.spec)
        from piper import SynthesisConfig

        rate = voice.config.sample_rate
        manner = SynthesisConfig(length_scale=voice.config.length_scale / asked.speed)
        reader = loaded(self._reader, self.spec) if asked.normalize_text else AsWritten()
        cut = list(reader.cut(asked.text, LONGEST_SENTENCE))
        samples = 0
        for number, written in enumerate(cut, start=1):
            if stop.is_set():
                break
            said = reader.say(written)
            pcm, phonemes = self._speak(voice, said, manner) if _has_words(said) else (b"", [])
            if pcm:
                words = words_of(written.original, said, phonemes)
                last = number == len(cut)
                pause_s = 0.0 if last else PARAGRAPH_PAUSE_S if written.gap.count("\n") > 1 else SENTENCE_PAUSE_S
                pcm += bytes(2 * round(rate * pause_s * asked.pauses / asked.speed))
                samples += len(pcm) // 2
                yield AudioChunk(pcm, rate, written.original, words)
            yield Progress(number, len(cut))
        if not samples and not stop.is_set():
            raise InvalidRequest(
                "The text has no words that can be spoken, only signs. Write some words and try again.", field="text"
            )
        yield Usage(characters=len(asked.text), seconds=round(samples / rate, 3))

    def _speak(
        self, voice: "PiperVoice", sentence: str, manner: "SynthesisConfig"
    ) -> tuple[bytes, list[tuple[str, float]]]:
        """Return a sentence's sound, and how long each phoneme lasts; none where the voice does not tell."""
        # Words are longer than the figures they stand for.
        parts = [piece.text for piece in pieces(sentence, LONGEST_SENTENCE) if _has_words(piece.text)]
        pcm, phonemes, told = bytearray(), list[tuple[str, float]](), True
        try:
            with ESPEAK:
                for part in parts:
                    for chunk in voice.synthesize(part, manner, include_alignments=True):
                        pcm += chunk.audio_int16_bytes
                        told = told and chunk.phoneme_alignments is not None
                        phonemes += [
                            (each.phoneme, int(each.num_samples) / chunk.sample_rate)
                            for each in chunk.phoneme_alignments or ()
                        ]
                        phonemes.append((" ", 0.0))
        except Exception as exc:  # onnxruntime's errors share no class
            raise EngineFailed(
                f"{self.spec.title} failed on {sentence[:60]!r}: {brief(exc)}. "
                "Change that sentence, or take another voice.",
                model=self.spec.id,
            ) from exc
        return bytes(pcm), phonemes if told else []

    def unload(self) -> None:
        """Give the memory back."""
        self._voice = self._reader = None


def _has_words(sentence: str) -> bool:
    return any(character.isalnum() for character in sentence)
