"""The frozen requests that click, HTTP call and notebook call build alike, and their limits.

A request is plain data: making one never fails. ``check`` holds every rule, and the Studio calls
it first, so that a refused request is logged like any other.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from contract.errors import InputTooLarge, InvalidRequest
from contract.messages import (
    TOOL_NAME,
    TOOLS,
    Message,
    Tool,
    ToolChoice,
    check_plain,
    check_turn,
    is_object,
)
from contract.models import Kind

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
# A grammar is compiled from it; longer ones take seconds.
SCHEMA_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may ask for. Characters are Unicode code points."""

    chat_characters: int = 400_000
    translate_characters: int = 200_000
    speech_characters: int = 100_000
    prompt_characters: int = 4_000
    audio_bytes: int = 200 * 1024 * 1024
    images: int = 8
    image_min_px: int = 64
    image_max_px: int = 2_048
    image_steps: int = 200
    embed_texts: int = 2_048
    embed_characters: int = 1_000_000


def _check_range(field: str, value: float | None, low: float, high: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidRequest(f"{field} is {value!r}; it must be a number from {low:g} to {high:g}.", field=field)
    if not low <= value <= high:
        raise InvalidRequest(f"{field} is {value:g}; it must be from {low:g} to {high:g}.", field=field)


def _check_whole(field: str, value: int | None, low: int, high: int) -> None:
    _check_range(field, value, low, high)
    if value is not None and not isinstance(value, int):
        raise InvalidRequest(f"{field} is {value!r}; it must be a whole number.", field=field)


def _check_model(name: str | None) -> None:
    if name is not None and not isinstance(name, str):
        raise InvalidRequest(f"model is {str(name)[:80]!r}; it must be a model's name.", field="model")


def _check_language(field: str, code: str | None) -> None:
    if code is not None and (not isinstance(code, str) or not _LANGUAGE.fullmatch(code)):
        raise InvalidRequest(
            f"{field} is {str(code)[:80]!r}; it must be a language's code, like 'en' or 'pl'.", field=field
        )


def _check_text(field: str, text: str, most: int) -> None:
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequest(f"{field} is empty. Write some text and try again.", field=field)
    check_plain(field, text)
    if len(text) > most:
        raise InputTooLarge(
            f"{field} has {len(text):,} characters; the limit is {most:,}. Send it in parts.", field=field, limit=most
        )


def _check_schema(field: str, text: str) -> None:
    if len(text) > SCHEMA_CHARACTERS:
        raise InputTooLarge(
            f"{field} has {len(text):,} characters; the limit is {SCHEMA_CHARACTERS:,}.",
            field=field,
            limit=SCHEMA_CHARACTERS,
        )
    if not is_object(text):
        raise InvalidRequest(f"{field} is no JSON object. Send a JSON Schema.", field=field)


def _are_stops(value: object) -> bool:
    if not isinstance(value, tuple | list) or len(value) > 8:  # a notebook may give a list, or one string by mistake
        return False
    return all(isinstance(text, str) and 1 <= len(text) <= 200 for text in value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """Ask a chat model for the next message.

    Attributes:
        messages: The turns so far; the last one is the user's, a tool's result, or the assistant's to be continued.
        model: A model's id; None: the default chat model.
        max_tokens: Most tokens to write; None: up to the context's end.
        temperature: 0 to 2; None, here and below: the model's own default.
        top_p, min_p: 0 to 1.  top_k: 0 to 1,000 (0: off).  repeat_penalty: 0.5 to 2.
        seed: 0 to 2**32 - 1: the same seed and request give the same text.
        stop: Up to 8 strings that end the reply.
        json_schema: A JSON Schema, as JSON text, that the reply must follow.
        tools: Up to 128 functions that the model may call instead of answering.
        tool_choice: ``required``: it must call one; ``none``: it sees them and calls none.
        parallel_tool_calls: It may call several at once.
        raw: The one message is text to be continued as it stands, without the model's chat template.
        logprobs: Tell the log probability of each token and of that many likeliest others, 0 to 20.
        reply_id: The stored message that the reply is written into as it grows; where the last message is the
            assistant's, that one goes on.
        private: Neither the log nor the list of jobs keeps a word of it, only the figures.
    """

    kind: ClassVar[Kind] = "chat"
    messages: tuple[Message, ...]
    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: str | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    raw: bool = False
    logprobs: int | None = None
    reply_id: str | None = None
    private: bool = False

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        _check_model(self.model)
        if not self.messages:
            raise InvalidRequest("messages is empty. Send at least one message.", field="messages")
        for message in self.messages:
            check_turn(message, limits.images)
        last = self.messages[-1]
        if last.role == "system":
            raise InvalidRequest("messages ends with a system message. End with the user's.", field="messages")
        if last.tool_calls:
            raise InvalidRequest("messages ends with a call. Send its result in a tool message.", field="messages")
        if last.role != "tool" and not last.images:
            _check_text("message", last.content, limits.chat_characters)
        total = sum(
            len(message.content) + sum(len(call.arguments) for call in message.tool_calls) for message in self.messages
        )
        if total > limits.chat_characters:
            raise InputTooLarge(
                f"messages has {total:,} characters; the limit is {limits.chat_characters:,}. Start a new chat.",
                field="messages",
                limit=limits.chat_characters,
            )
        _check_whole("max_tokens", self.max_tokens, 1, 1_000_000)
        _check_range("temperature", self.temperature, 0, 2)
        _check_range("top_p", self.top_p, 0, 1)
        _check_range("min_p", self.min_p, 0, 1)
        _check_whole("top_k", self.top_k, 0, 1_000)
        _check_range("repeat_penalty", self.repeat_penalty, 0.5, 2)
        _check_whole("seed", self.seed, 0, 2**32 - 1)
        if not _are_stops(self.stop):
            raise InvalidRequest("stop takes up to 8 strings of 1 to 200 characters.", field="stop")
        _check_whole("logprobs", self.logprobs, 0, 20)
        if self.raw and len(self.messages) != 1:
            raise InvalidRequest(f"raw takes one message; there are {len(self.messages)}.", field="messages")
        if self.json_schema is not None:
            _check_schema("json_schema", self.json_schema)
        self._check_tools()

    def _check_tools(self) -> None:
        if len(self.tools) > TOOLS:
            raise InvalidRequest(f"tools has {len(self.tools)} functions; the limit is {TOOLS}.", field="tools")
        names = [tool.name for tool in self.tools]
        for tool in self.tools:
            if not TOOL_NAME.fullmatch(tool.name) or names.count(tool.name) > 1:
                raise InvalidRequest(
                    f"tools has the name {tool.name[:80]!r}; each needs one of its own, of 1 to 64 letters, digits, "
                    "_ and -.",
                    field="tools",
                )
            check_plain("tools", tool.description)
            _check_schema("tools", tool.parameters)
        if self.tool_choice == "required" and not self.tools:
            raise InvalidRequest("tool_choice goes with tools. Send some, or leave it out.", field="tool_choice")
        if self.tools and self.raw:
            raise InvalidRequest("raw takes no tools. Leave one of them out.", field="tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslateRequest:
    """Translate text. Languages are ISO 639-1 codes; ``source_lang`` None: detect it."""

    kind: ClassVar[Kind] = "translation"
    text: str
    target_lang: str
    source_lang: str | None = None
    model: str | None = None

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        _check_model(self.model)
        _check_text("text", self.text, limits.translate_characters)
        if not self.target_lang:
            raise InvalidRequest("target_lang is empty. Choose the language to translate into.", field="target_lang")
        _check_language("target_lang", self.target_lang)
        _check_language("source_lang", self.source_lang)
        if self.source_lang is not None and self.source_lang == self.target_lang:
            raise InvalidRequest(
                f"source_lang and target_lang are both {self.target_lang!r}. Choose two languages.", field="target_lang"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """Make images from a prompt. None leaves a value to the model's own default.

    Attributes:
        width, height: Pixels, multiples of 8.
        num_inference_steps: Denoising steps, 1 to 200.
        guidance_scale: How strictly to follow the prompt, 0 to 30.
        seed: 0 to 2**32 - 1; image ``i`` of a request uses ``seed + i``. None: a random one.
        num_images: 1 to 8.
    """

    kind: ClassVar[Kind] = "image"
    prompt: str
    negative_prompt: str = ""
    model: str | None = None
    width: int | None = None
    height: int | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    seed: int | None = None
    num_images: int = 1

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        _check_model(self.model)
        _check_text("prompt", self.prompt, limits.prompt_characters)
        check_plain("negative_prompt", self.negative_prompt)
        if len(self.negative_prompt) > limits.prompt_characters:
            raise InputTooLarge(
                f"negative_prompt has {len(self.negative_prompt):,} characters; "
                f"the limit is {limits.prompt_characters:,}. Shorten it.",
                field="negative_prompt",
            )
        for side, value in (("width", self.width), ("height", self.height)):
            _check_whole(side, value, limits.image_min_px, limits.image_max_px)
            if value is not None and value % 8:
                raise InvalidRequest(f"{side} is {value}; it must be a multiple of 8.", field=side)
        _check_whole("num_inference_steps", self.num_inference_steps, 1, limits.image_steps)
        _check_range("guidance_scale", self.guidance_scale, 0, 30)
        _check_whole("seed", self.seed, 0, 2**32 - 1)
        _check_whole("num_images", self.num_images, 1, limits.images)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRequest:
    """Speak text.

    Attributes:
        model: The voice's id; None: the default voice.
        speed: 1 is the voice's own; 0.5 to 2.
        normalize_text: Say numbers, dates, abbreviations and the like in words, and Markdown without its marks.
            False: the voice gets the text as it stands.
    """

    kind: ClassVar[Kind] = "speech"
    text: str
    model: str | None = None
    speed: float = 1.0
    normalize_text: bool = True

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        _check_model(self.model)
        _check_text("text", self.text, limits.speech_characters)
        _check_range("speed", self.speed, 0.5, 2)
        if not isinstance(self.normalize_text, bool):
            raise InvalidRequest(
                f"normalize_text is {self.normalize_text!r}; it must be true or false.", field="normalize_text"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeRequest:
    """Write down what a recording says. ``language`` is ISO 639-1; None: the model's, or detect it."""

    kind: ClassVar[Kind] = "transcription"
    audio: Path
    model: str | None = None
    language: str | None = None

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        _check_model(self.model)
        _check_language("language", self.language)
        if not self.audio.is_file():
            raise InvalidRequest("There is no recording. Upload one or record it, then try again.", field="audio")
        size = self.audio.stat().st_size
        if size == 0:
            raise InvalidRequest("The recording is empty (0 bytes). Record it again or choose another.", field="audio")
        if size > limits.audio_bytes:
            raise InputTooLarge(
                f"The recording has {size / 1e6:,.0f} MB; the limit is {limits.audio_bytes / 1e6:,.0f} MB. "
                "Split it and send the parts.",
                field="audio",
                limit=limits.audio_bytes,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedRequest:
    """Turn texts into vectors whose angles tell how much the texts mean the same.

    Attributes:
        purpose: What the texts are: ``query`` for questions, ``document`` for what is searched; models
            that were trained with a prefix for each get it. None: as they stand.
        dimensions: Fewer values than the model gives; only where it was trained for that.
    """

    kind: ClassVar[Kind] = "embedding"
    texts: tuple[str, ...]
    model: str | None = None
    purpose: Literal["query", "document"] | None = None
    dimensions: int | None = None

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        _check_model(self.model)
        if not 1 <= len(self.texts) <= limits.embed_texts:
            raise InvalidRequest(
                f"input has {len(self.texts):,} texts; it must have 1 to {limits.embed_texts:,}.", field="input"
            )
        for text in self.texts:
            _check_text("input", text, limits.embed_characters)
        total = sum(map(len, self.texts))
        if total > limits.embed_characters:
            raise InputTooLarge(
                f"input has {total:,} characters; the limit is {limits.embed_characters:,}. Send it in parts.",
                field="input",
                limit=limits.embed_characters,
            )
        _check_whole("dimensions", self.dimensions, 1, 65_536)


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadRequest:
    """Fetch a model: a catalogue id, or ``hf:owner/name`` for a Hugging Face Hub repository."""

    kind: ClassVar[Kind] = "download"
    model: str

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        _check_model(self.model)
        if not self.model or len(self.model) > 200:
            raise InvalidRequest("model is empty or over 200 characters. Name one model to fetch.", field="model")


Request = (
    ChatRequest | TranslateRequest | ImageRequest | SpeechRequest | TranscribeRequest | EmbedRequest | DownloadRequest
)
