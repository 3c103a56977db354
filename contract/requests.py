"""The frozen requests that click, HTTP call and notebook call build alike, and their limits.

A request is plain data: making one never fails. ``check`` holds every rule, and the Studio calls
it first, so that a refused request is logged like any other.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, get_args

from contract.audio import AudioAddRequest, AudioEditRequest
from contract.document_requests import DocumentRequest
from contract.document_speech import SpeakDocumentRequest
from contract.document_translation import TranslateDocumentRequest
from contract.errors import InputTooLarge, InvalidRequest
from contract.image_requests import ImageRequest, UpscaleRequest
from contract.limits import (
    Limits,
    check_choice,
    check_language,
    check_model,
    check_pair,
    check_range,
    check_schema,
    check_text,
    check_whole,
)
from contract.messages import (
    TOOL_NAME,
    TOOLS,
    Message,
    Tool,
    ToolChoice,
    check_plain,
    check_turn,
)
from contract.model_requests import ImportRequest
from contract.models import Kind
from contract.narration import NarrateRequest, TranscribeRecordingRequest
from contract.reply_settings import ReplySettings
from contract.reply_speech import SpeakReplyRequest

TranslationEngine = Literal["firefox", "transformers", "chat"]
Tone = Literal["formal", "informal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest(ReplySettings):
    """Ask a chat model for the next message.

    Attributes:
        messages: The turns so far; the last one is the user's, a tool's result, or the assistant's to be continued.
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
        if not self.messages:
            raise InvalidRequest("messages is empty. Send at least one message.", field="messages")
        for message in self.messages:
            check_turn(message, limits.images)
        last = self.messages[-1]
        if last.role == "system":
            raise InvalidRequest("messages ends with a system message. End with the user's.", field="messages")
        if last.tool_calls:
            raise InvalidRequest("messages ends with a call. Send its result in a tool message.", field="messages")
        if last.role != "tool" and not last.images and not last.attachments:
            check_text("message", last.content, limits.chat_characters)
        total = sum(
            len(message.content) + sum(len(call.arguments) for call in message.tool_calls) for message in self.messages
        )
        if total > limits.chat_characters:
            raise InputTooLarge(
                f"messages has {total:,} characters; the limit is {limits.chat_characters:,}. Start a new chat.",
                field="messages",
                limit=limits.chat_characters,
            )
        self.check_settings()
        check_whole("logprobs", self.logprobs, 0, 20)
        if self.raw and len(self.messages) != 1:
            raise InvalidRequest(f"raw takes one message; there are {len(self.messages)}.", field="messages")
        if self.json_schema is not None:
            check_schema("json_schema", self.json_schema)
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
            check_schema("tools", tool.parameters)
        if self.tool_choice == "required" and not self.tools:
            raise InvalidRequest("tool_choice goes with tools. Send some, or leave it out.", field="tool_choice")
        if self.tools and self.raw:
            raise InvalidRequest("raw takes no tools. Leave one of them out.", field="tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslateRequest:
    """Translate text. Languages are ISO 639-1 codes.

    Attributes:
        source_lang: None: detect it.
        model: A translation model's id, or a chat model's; None: the best one here for the pair.
        engine: Which kind of model, in place of ``model``; None: the best one here for the pair.
        tone: How the reader is addressed; only a chat model can choose.
        alternatives: How many other wordings of each sentence to tell too, 0 to 5.
        glossary, memory: Whether the caller's own terms and accepted translations of this pair are used.
        html: The text is HTML: what a person reads of it is translated, and its tags stay.
    """

    kind: ClassVar[Kind] = "translation"
    text: str
    target_lang: str
    source_lang: str | None = None
    model: str | None = None
    engine: TranslationEngine | None = None
    tone: Tone | None = None
    alternatives: int = 0
    glossary: bool = True
    memory: bool = True
    html: bool = False

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        check_model(self.model)
        check_text("text", self.text, limits.translate_characters)
        check_pair(self.source_lang, self.target_lang)
        check_choice("engine", self.engine, get_args(TranslationEngine))
        check_choice("tone", self.tone, get_args(Tone))
        check_whole("alternatives", self.alternatives, 0, limits.alternatives)
        if self.html and self.alternatives:
            raise InvalidRequest("alternatives can't be told of HTML. Leave one of them out.", field="alternatives")
        if self.engine is not None and self.model is not None:
            raise InvalidRequest(
                f"engine is {self.engine} and model is {self.model[:80]}. Name one of them, not both.", field="engine"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRequest:
    """Speak text.

    Attributes:
        model: The voice's id; None: the default voice.
        speed: 1 is the voice's own; 0.5 to 2.
        pitch: 1 is the voice's own, 2 an octave up; 0.5 to 2. Does not change the speed.
        volume: 1 is the voice's own, 0 is silence; 0 to 2.
        pauses: How long those between sentences are; 1 is the voice's own, 0 is none; 0 to 5.
        lufs: Bring each sentence to this loudness (ITU-R BS.1770), -40 to -8; None: as the voice has it.
        normalize_text: Say numbers, dates, abbreviations and the like in words, and Markdown without its marks.
            False: the voice gets the text as it stands.
    """

    kind: ClassVar[Kind] = "speech"
    text: str
    model: str | None = None
    speed: float = 1.0
    pitch: float = 1.0
    volume: float = 1.0
    pauses: float = 1.0
    lufs: float | None = None
    normalize_text: bool = True

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        check_model(self.model)
        check_text("text", self.text, limits.speech_characters)
        check_range("speed", self.speed, 0.5, 2)
        check_range("pitch", self.pitch, 0.5, 2)
        check_range("volume", self.volume, 0, 2)
        check_range("pauses", self.pauses, 0, 5)
        check_range("lufs", self.lufs, -40, -8)
        if not isinstance(self.normalize_text, bool):
            raise InvalidRequest(
                f"normalize_text is {self.normalize_text!r}; it must be true or false.", field="normalize_text"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeRequest:
    """Write down what a recording says.

    Attributes:
        language: ISO 639-1; None: the model's, or detect it.
        words: Tell when each word is said.
        to_english: Write it down in English, whatever is spoken.
        prompt: Text that might come before, which shows names and style.
        temperature: 0 to 1; None: from 0 up as far as it takes.
    """

    kind: ClassVar[Kind] = "transcription"
    audio: Path
    model: str | None = None
    language: str | None = None
    words: bool = False
    to_english: bool = False
    prompt: str | None = None
    temperature: float | None = None

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest or InputTooLarge with the field, the value and the rule."""
        check_model(self.model)
        check_language("language", self.language)
        check_range("temperature", self.temperature, 0, 1)
        if self.prompt is not None:
            check_plain("prompt", self.prompt)
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
        check_model(self.model)
        if not 1 <= len(self.texts) <= limits.embed_texts:
            raise InvalidRequest(
                f"input has {len(self.texts):,} texts; it must have 1 to {limits.embed_texts:,}.", field="input"
            )
        for text in self.texts:
            check_text("input", text, limits.embed_characters)
        total = sum(map(len, self.texts))
        if total > limits.embed_characters:
            raise InputTooLarge(
                f"input has {total:,} characters; the limit is {limits.embed_characters:,}. Send it in parts.",
                field="input",
                limit=limits.embed_characters,
            )
        check_whole("dimensions", self.dimensions, 1, 65_536)


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadRequest:
    """Fetch a model.

    Attributes:
        model: A catalogue id, ``hf:owner/name`` of a Hugging Face Hub repository, ``ollama/name``, or the address of
            a GGUF file or a Piper voice; up to 200 characters, of an address 2,000.
    """

    kind: ClassVar[Kind] = "download"
    model: str

    def check(self, limits: Limits) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        check_model(self.model)
        most = 2_000 if self.model.lower().startswith(("http://", "https://")) else 200
        if not self.model or len(self.model) > most:
            raise InvalidRequest(f"model is empty or over {most} characters. Name one model to fetch.", field="model")


Request = (
    ChatRequest
    | TranslateRequest
    | TranslateDocumentRequest
    | SpeakDocumentRequest
    | SpeakReplyRequest
    | ImageRequest
    | UpscaleRequest
    | SpeechRequest
    | TranscribeRequest
    | EmbedRequest
    | DownloadRequest
    | ImportRequest
    | DocumentRequest
    | AudioAddRequest
    | AudioEditRequest
    | NarrateRequest
    | TranscribeRecordingRequest
)
