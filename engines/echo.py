"""Engines that need no model: they give the input back, for tests and for the demo.

They are registered like any other, so what they go through (queue, stop, log, stored files) is the
real path. Options of the spec, all numbers of seconds or counts: ``load_s`` is how long loading
takes, ``delay_s`` the wait before each token or step, ``fail_after`` breaks the run after that many.
"""

import hashlib
import io
import json
import math
import random
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest
from contract.events import (
    Aligned,
    AudioChunk,
    Delta,
    Embedding,
    EngineEvent,
    Finish,
    Picture,
    Progress,
    Segment,
    ToolCallDelta,
    Usage,
)
from contract.ids import new_id
from contract.image_requests import ImageRequest
from contract.models import ContextRange, Kind, ModelSpec
from contract.requests import ChatRequest, EmbedRequest, Request, SpeechRequest, TranscribeRequest, TranslateRequest
from engines.checks import expect, loaded, number
from engines.sentences import pieces
from engines.spoken import AsWritten, Reader, language_of
from engines.trimming import fit, too_long

_CONTEXT_TOKENS = 8_192
_SAMPLE_RATE_HZ = 22_050
_PERIOD = 100  # samples of one wave: a tone of 220.5 Hz
_SAMPLES_PER_CHARACTER = 13 * _PERIOD  # 59 ms, an unhurried reading pace


class _Echo(Engine):
    """What the echo engines share: a pretended load, a wait before each step, a failure to order."""

    lane: ClassVar[str] = "echo"

    @property
    def slots(self) -> int:
        return 64

    def load(self) -> None:
        threading.Event().wait(number(self.spec.options, "load_s", 0))
        self._ready: bool | None = True

    def unload(self) -> None:
        self._ready = None

    def _steps(self, stop: Stop) -> Iterator[int]:
        """Count steps from 0, each after the delay, until the stop sign or the failure to order."""
        loaded(getattr(self, "_ready", None), self.spec)
        delay_s = number(self.spec.options, "delay_s", 0)
        fail_after = number(self.spec.options, "fail_after", -1)
        stopped = threading.Event()
        stop.on_set(stopped.set)
        step = 0
        while not stopped.wait(delay_s) if delay_s else not stopped.is_set():
            if step == fail_after:
                raise EngineFailed(f"{self.spec.id} failed after {step}, as its option fail_after says.")
            yield step
            step += 1


class EchoChat(_Echo):
    """Says the last user message (or tool's result) again, word by word; a forced call has it as its one argument."""

    name: ClassVar[str] = "echo-chat"
    kind: ClassVar[Kind] = "chat"
    options: ClassVar[frozenset[str]] = frozenset({"raw", "tools", "count_tokens", "context_tokens"})
    context_tokens: int | None = _CONTEXT_TOKENS

    @classmethod
    def context_range(cls, spec: ModelSpec) -> ContextRange:
        return ContextRange(least=16, most=_CONTEXT_TOKENS, usual=_CONTEXT_TOKENS, bytes_per_token=1_000)

    def count_tokens(self, request: Request) -> int:
        return sum(len(message.content.split()) for message in expect(request, ChatRequest, self.spec).messages)

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        own = int(number(self.spec.options, "n_ctx", _CONTEXT_TOKENS))
        context = expect(request, ChatRequest, self.spec).context_tokens or own
        fitted = fit(expect(request, ChatRequest, self.spec), context, self.count_tokens)
        chat = fitted.request
        if (tokens := self.count_tokens(chat)) > context:
            raise too_long(self.spec.id, tokens, context)
        if fitted.left_out:
            yield Usage(context_tokens=context, left_out=fitted.left_out)
        said = [message.content for message in chat.messages if message.role in ("user", "tool")]
        begun = chat.messages[-1].content if chat.messages[-1].role == "assistant" else ""
        reply = said[-1].removeprefix(begun) if said else ""
        ends = [reply.find(text) for text in chat.stop if text in reply]
        words = re.findall(r"\s*\S+|\s+$", reply[: min(ends)] if ends else reply)
        spent = Usage(tokens, 1, 0, context, left_out=fitted.left_out or None)
        if chat.tool_choice == "required":
            yield from self._call(chat, reply, stop)
            yield spent
            return
        limit = len(words) if chat.max_tokens is None else min(chat.max_tokens, len(words))
        tokens_out = 0
        for step in self._steps(stop):
            if step == limit:
                yield Finish("length" if limit < len(words) else "stop")
                break
            yield Delta(words[step])
            tokens_out += 1
        yield replace(spent, tokens_out=tokens_out)

    def _call(self, chat: ChatRequest, said: str, stop: Stop) -> Iterator[EngineEvent]:
        tool = chat.tools[0]
        names = json.loads(tool.parameters).get("properties") or ("text",)
        parts = re.findall(r".{1,8}", json.dumps({next(iter(names)): said}))
        for step in self._steps(stop):
            if step == len(parts):
                yield Finish("tool_calls")
                return
            if step == 0:
                yield ToolCallDelta(0, "", f"call_{new_id()}", tool.name)
            yield ToolCallDelta(0, parts[step])


class EchoTranslation(_Echo):
    """Gives each sentence back with the target language before it: "[pt] Good morning."; others are "[pt 2] …"."""

    name: ClassVar[str] = "echo-translation"
    kind: ClassVar[Kind] = "translation"
    options: ClassVar[frozenset[str]] = frozenset({"tone", "alternatives"})

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        translate = expect(request, TranslateRequest, self.spec)
        parts = list(pieces(translate.text))
        language = f"{translate.target_lang} {translate.tone}" if translate.tone else translate.target_lang
        read = written = 0
        for step in self._steps(stop):
            if step == len(parts):
                break
            part = parts[step]
            text = f"[{language}] {part.text}" if part.text else ""
            yield Delta(text + part.gap)
            if text:
                others = tuple(f"[{language} {n + 2}] {part.text}" for n in range(translate.alternatives))
                yield Aligned(read, read + len(part.text), written, written + len(text), others)
            read += len(part.text) + len(part.gap)
            written += len(text) + len(part.gap)
            yield Progress(step + 1, len(parts))
        yield Usage(characters=len(translate.text))


class EchoImage(_Echo):
    """Draws discs whose colours and places follow from the prompt and the seed alone."""

    name: ClassVar[str] = "echo-image"
    kind: ClassVar[Kind] = "image"
    requires: ClassVar[tuple[str, ...]] = ("PIL",)

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        image = expect(request, ImageRequest, self.spec)
        width, height = image.width or 256, image.height or 256
        steps = image.num_inference_steps or 8
        first_seed = secrets.randbelow(2**32) if image.seed is None else image.seed
        for step in self._steps(stop):
            index, drawn = divmod(step, steps)
            seed = (first_seed + index) % 2**32
            text = f"{image.prompt}\x00{image.negative_prompt}\x00{seed}"
            small = max(1, width // 4), max(1, height // 4)
            preview = _draw(text, *small, discs=drawn + 1)
            yield Progress(step + 1, steps * image.num_images, preview=preview)
            if drawn + 1 == steps:
                png = _draw(text, width, height, discs=steps)
                yield Picture(png, width, height, seed, {"num_inference_steps": steps})
                if index + 1 == image.num_images:
                    break


class EchoSpeech(_Echo):
    """Hums a quiet tone for each sentence, as long as reading it at that speed would take."""

    name: ClassVar[str] = "echo-speech"
    kind: ClassVar[Kind] = "speech"

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        speech = expect(request, SpeechRequest, self.spec)
        if not any(character.isalnum() for character in speech.text):
            raise InvalidRequest("text has nothing that can be spoken. Write some words.", field="text")
        reader = Reader(language_of(self.spec)) if speech.normalize_text else AsWritten()
        parts = [(written.original, said) for written in reader.cut(speech.text) if (said := reader.say(written))]
        wave = b"".join(
            int(1_500 * (1 - abs(4 * i / _PERIOD - 2))).to_bytes(2, "little", signed=True) for i in range(_PERIOD)
        )
        samples = 0
        for step in self._steps(stop):
            if step == len(parts):
                break
            written, said = parts[step]
            waves = round(len(said) * _SAMPLES_PER_CHARACTER / _PERIOD / speech.speed)
            yield AudioChunk(wave * waves, _SAMPLE_RATE_HZ, written)
            samples += waves * _PERIOD
            yield Progress(step + 1, len(parts))
        yield Usage(characters=len(speech.text), seconds=samples / _SAMPLE_RATE_HZ)


class EchoTranscription(_Echo):
    """Says how long the recording is, a segment for each ten seconds."""

    name: ClassVar[str] = "echo-transcription"
    kind: ClassVar[Kind] = "transcription"
    requires: ClassVar[tuple[str, ...]] = ("av",)
    options: ClassVar[frozenset[str]] = frozenset({"to_english"})  # it says no more than English anyway

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        heard = expect(request, TranscribeRequest, self.spec)
        duration_s = _duration_s(heard)
        total = max(1, round(duration_s))
        for step in self._steps(stop):
            start_s, end_s = step * 10.0, min(step * 10.0 + 10, duration_s)
            yield Segment(start_s, end_s, f"From {start_s:.1f} to {end_s:.1f} of {duration_s:.1f} seconds.")
            yield Progress(min(total, round(end_s)), total)
            if end_s >= duration_s:
                break
        yield Usage(seconds=duration_s)


class EchoEmbedding(_Echo):
    """Counts words in 64 places that follow from the word: texts with the same words have the same vector."""

    name: ClassVar[str] = "echo-embedding"
    kind: ClassVar[Kind] = "embedding"

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        asked = expect(request, EmbedRequest, self.spec)
        dimensions = asked.dimensions or 64
        words = [text.lower().split() for text in asked.texts]
        for step in self._steps(stop):
            if step == len(words):
                yield Usage(tokens_in=sum(map(len, words)), characters=sum(map(len, asked.texts)))
                return
            counts = [0.0] * dimensions
            for word in words[step]:
                counts[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little") % dimensions] += 1
            length = math.hypot(*counts)
            yield Embedding(step, tuple(count / length for count in counts))


def _draw(text: str, width: int, height: int, discs: int) -> bytes:
    """A PNG of ``width`` x ``height`` pixels; more discs only add to the picture."""
    from PIL import Image, ImageDraw

    chance = random.Random(hashlib.sha256(text.encode()).digest())
    picture = Image.new("RGB", (width, height), f"hsl({chance.randrange(360)}, 35%, 22%)")
    canvas = ImageDraw.Draw(picture)
    for _ in range(discs):
        x, y, radius = (
            chance.random() * width,
            chance.random() * height,
            chance.uniform(0.05, 0.25) * min(width, height),
        )
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), f"hsl({chance.randrange(360)}, 65%, 60%)")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _duration_s(heard: TranscribeRequest) -> float:
    """Seconds of the recording. Raises InvalidRequest when it holds no sound."""
    import av

    try:
        with av.open(str(heard.audio)) as container:
            stream = container.streams.audio[0]
            if stream.duration and stream.time_base:
                return float(stream.duration * stream.time_base)
            if container.duration:
                return container.duration / av.time_base
    except (av.FFmpegError, IndexError) as exc:
        raise InvalidRequest(
            f"{heard.audio.name} holds no sound that can be read. Send a WAV, MP3, FLAC, OGG, M4A or WebM file.",
            field="audio",
        ) from exc
    raise InvalidRequest(f"{heard.audio.name} does not say how long it is. Send it as WAV.", field="audio")
