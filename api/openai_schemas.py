"""What OpenAI's clients send, as far as the engines can do it; anything else is refused by name."""

import json
from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import Field, JsonValue

from api.openai_tools import ChatMessage, FunctionTool, NamedTool, chosen, tool
from api.strict import Strict, StrictForm
from studio import Tool, ToolChoice


class StreamOptions(Strict):
    """Options of a streamed reply."""

    include_usage: bool = False


class JsonSchema(Strict):
    """A schema that the reply follows; it always does, with ``strict`` or without."""

    name: str
    schema_: Annotated[dict[str, JsonValue], Field(alias="schema")]
    description: str | None = None
    strict: bool | None = None


class PlainText(Strict):
    """Free text."""

    type: Literal["text"]


class AnyObject(Strict):
    """Some JSON object."""

    type: Literal["json_object"]


class ObjectOfSchema(Strict):
    """JSON that follows a schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[PlainText | AnyObject | ObjectOfSchema, Field(discriminator="type")]


class Sampling(Strict):
    """What chat and text completions have in common. ``top_k``, ``min_p`` and ``repeat_penalty`` are llama.cpp's."""

    model: str
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    n: Annotated[int, Field(ge=1, le=8)] = 1
    user: str | None = None

    def stops(self) -> tuple[str, ...]:
        """Return what ends the reply."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


class ChatCompletionBody(Sampling):
    """The body of ``POST /v1/chat/completions``."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=10_000)]
    max_completion_tokens: int | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool = False
    top_logprobs: int | None = None
    tools: Annotated[list[FunctionTool], Field(max_length=128)] = Field(default_factory=list)
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: bool = True

    def tools_and_choice(self) -> tuple[tuple[Tool, ...], ToolChoice]:
        """Return what may be called, and whether it must be."""
        offered = tuple(
            tool(one.function.name, one.function.description, one.function.parameters) for one in self.tools
        )
        choice = self.tool_choice
        return chosen(offered, f"={choice.function.name}" if isinstance(choice, NamedTool) else choice)

    def schema_text(self) -> str | None:
        """Return the schema that the reply must follow, as JSON."""
        if isinstance(self.response_format, ObjectOfSchema):
            return json.dumps(self.response_format.json_schema.schema_)
        return '{"type": "object"}' if isinstance(self.response_format, AnyObject) else None


class CompletionBody(Sampling):
    """The body of ``POST /v1/completions``: text to be continued, without a chat template."""

    prompt: str
    echo: bool = False
    logprobs: int | None = None


class SpeechBody(Strict):
    """The body of ``POST /v1/audio/speech``; ``voice`` is a voice's id, ``model`` the same or its engine's name.

    Of a built-in name (``tts-1``, ``alloy``) and a voice's id, the id decides.
    """

    model: str
    input: str
    voice: str
    response_format: Literal["mp3", "wav", "flac", "opus", "aac", "pcm"] = "mp3"
    speed: float = 1.0
    pitch: Annotated[float, Field(description="Not OpenAI's: 0.5 to 2, an octave down or up")] = 1.0
    volume: Annotated[float, Field(description="Not OpenAI's: 0 to 2")] = 1.0
    lufs: Annotated[
        float | None, Field(description="Not OpenAI's: the loudness to bring it to, by ITU-R BS.1770, -40 to -8")
    ] = None
    pauses: Annotated[float, Field(description="Not OpenAI's: between sentences, 0 to 5 times the voice's own")] = 1.0
    normalize_text: Annotated[
        bool, Field(description="Not OpenAI's: say numbers, dates and abbreviations in words, without Markdown's marks")
    ] = True
    stream_format: Literal["audio"] = "audio"


class TranscriptionBody(StrictForm):
    """The form of ``POST /v1/audio/transcriptions``."""

    file: UploadFile
    model: str
    language: Annotated[str | None, Field(description="ISO 639-1")] = None
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    stream: bool = False
    prompt: str | None = None
    temperature: float | None = None
    granularities: Annotated[
        list[Literal["word", "segment"]],
        Field(alias="timestamp_granularities[]", description="``word`` goes with verbose_json."),
    ] = Field(default_factory=lambda: ["segment"])  # type: ignore[arg-type]  # mypy widens the literal


class TranslationBody(StrictForm):
    """The form of ``POST /v1/audio/translations``: speech in any language, text in English."""

    file: UploadFile
    model: str
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    prompt: str | None = None
    temperature: float | None = None
