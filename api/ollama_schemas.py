"""What Ollama's clients send, as far as the engines can do it; anything else is refused by name."""

import json
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from api.openai_tools import FunctionTool, base64_bytes, tool
from api.strict import No, Strict
from studio import ChatRequest, InvalidRequest, Message, ToolCall


class Options(Strict):
    """How a reply is made; the options that engines here have."""

    num_ctx: Annotated[int | None, Field(description="Another than the last one loads the model anew.")] = None
    num_predict: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: list[str] | str | None = None


class CalledFunction(Strict):
    """What was called, and with which arguments."""

    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)


class Call(Strict):
    """A call that the assistant made; this protocol gives it no id."""

    function: CalledFunction


class OllamaMessage(Strict):
    """One turn; ``tool_name`` says which call a ``tool`` turn is the result of, else it is the first without one."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    thinking: Annotated[str | None, Field(description="Of an earlier reply; models don't read it.")] = None
    images: list[str] = Field(default_factory=list)
    tool_calls: list[Call] = Field(default_factory=list)
    tool_name: str | None = None


class Generation(Strict):
    """What chat and generate have in common."""

    model: str
    stream: bool = True
    format: Literal["", "json"] | dict[str, JsonValue] | None = None
    options: Options | None = None

    def request(self, messages: tuple[Message, ...]) -> ChatRequest:
        """Return what the studio is asked for."""
        options = self.options or Options()
        stop = (options.stop,) if isinstance(options.stop, str) else tuple(options.stop or ())
        schema = json.dumps(self.format) if isinstance(self.format, dict) else None
        unlimited = options.num_predict == -1
        return ChatRequest(
            messages=messages,
            model=without_tag(self.model),
            context_tokens=options.num_ctx,
            max_tokens=None if unlimited else options.num_predict,
            temperature=options.temperature,
            top_p=options.top_p,
            top_k=options.top_k,
            min_p=options.min_p,
            repeat_penalty=options.repeat_penalty,
            seed=options.seed,
            stop=stop,
            json_schema='{"type": "object"}' if self.format == "json" else schema,
        )


class ChatBody(Generation):
    """The body of ``POST /api/chat``."""

    messages: Annotated[list[OllamaMessage], Field(min_length=1, max_length=10_000)]
    tools: Annotated[list[FunctionTool], Field(max_length=128)] = Field(default_factory=list)

    def turns(self) -> tuple[Message, ...]:
        """Return the conversation as the studio has it, with an id for each call.

        Raises:
            InvalidRequest: A result belongs to no call.
        """
        turns: list[Message] = []
        open_calls: list[ToolCall] = []
        for number, turn in enumerate(self.messages):
            calls = tuple(
                ToolCall(id=f"call_{number}_{place}", name=call.function.name, arguments=_text(call.function.arguments))
                for place, call in enumerate(turn.tool_calls)
            )
            answered = None
            if turn.role == "tool":
                answered = next((call for call in open_calls if turn.tool_name in (None, call.name)), None)
                if answered is None:
                    raise InvalidRequest(
                        f"messages has a result of {turn.tool_name or 'a tool'}, which nobody called.", field="messages"
                    )
                open_calls.remove(answered)
            open_calls.extend(calls)
            turns.append(
                Message(
                    turn.role,
                    turn.content,
                    tool_calls=calls,
                    tool_call_id=answered.id if answered else None,
                    images=tuple(base64_bytes(image, "images") for image in turn.images),
                )
            )
        return tuple(turns)

    def tool_request(self) -> ChatRequest:
        """Return what the studio is asked for."""
        offered = tuple(
            tool(one.function.name, one.function.description, one.function.parameters) for one in self.tools
        )
        return replace(self.request(self.turns()), tools=offered)


class GenerateBody(Generation):
    """The body of ``POST /api/generate``; ``raw`` continues the prompt without a chat template."""

    prompt: str
    system: str | None = None
    raw: bool = False
    images: list[str] = Field(default_factory=list)

    def prompt_request(self) -> ChatRequest:
        """Return what the studio is asked for.

        Raises:
            InvalidRequest: ``raw`` and ``system`` exclude each other.
        """
        if self.raw and self.system is not None:
            raise InvalidRequest("raw takes the prompt as it stands; leave out system, or raw.", field="system")
        before = (Message("system", self.system),) if self.system else ()
        images = tuple(base64_bytes(image, "images") for image in self.images)
        return replace(self.request((*before, Message("user", self.prompt, images=images))), raw=self.raw)


class PullBody(Strict):
    """The body of ``POST /api/pull``; the official client always says that it is not ``insecure``."""

    model: str
    insecure: No = False
    stream: bool = True


class ShowBody(Strict):
    """The body of ``POST /api/show``."""

    model: str


def without_tag(name: str) -> str:
    """Return a model's name without ``:latest``, which this protocol adds to names that have no tag."""
    return name.removesuffix(":latest")


def _text(arguments: dict[str, JsonValue]) -> str:
    return json.dumps(arguments, ensure_ascii=False)
