"""Chat with a model of Anthropic's, or of any server that speaks its Messages protocol.

The protocol is spoken here rather than by Anthropic's own client, whose import takes longer than
everything else of a start together; tests hold the two against each other. Options of the spec:
``url``, ``name``, ``server``, ``timeout_s``. The protocol wants a limit of tokens, so a request
without one gets ``_MAX_TOKENS``. It has no ``seed``, ``min_p``, ``repeat_penalty`` and ``logprobs``,
which are refused by name, and temperatures up to 1. A reply is continued by one more turn of the user,
because newer models take no beginning of theirs.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import ClassVar

from contract.engine import Stop
from contract.errors import InvalidRequest, ProviderFailed, StudioError
from contract.events import Delta, EngineEvent, Finish, ToolCallDelta, Usage
from contract.messages import Message
from contract.requests import ChatRequest, Request
from engines.checks import expect
from engines.llama_tools import Json
from engines.provider import Found, FoundModel, ProviderEngine, going_on, refuse, server_of
from engines.wire import JsonObject, Server, Wire, count, objects, part

_VERSION = "2023-06-01"
_MAX_TOKENS = 4_096
_LISTED = 1_000  # the most that one page may have
_MAGICS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"RIFF": "webp", b"GIF8": "gif"}
_REASONS = {"max_tokens": "length", "model_context_window_exceeded": "length", "tool_use": "tool_calls"}


class Anthropic(ProviderEngine):
    """One model behind the Messages protocol."""

    name: ClassVar[str] = "anthropic"
    options: ClassVar[frozenset[str]] = frozenset({"tools", "images"})

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        chat = expect(request, ChatRequest, self.spec)
        body = self._body(chat)
        if stop.is_set():
            return
        server = server_of(self.spec, self.server_key)
        reply = _Reply()
        for event in _wire(server).stream("/v1/messages", body, stop):
            yield from reply.take(event)
            if reply.ended:
                break
        if stop.is_set():
            return
        if not reply.ended or not reply.reason:
            what = "in the middle of the reply" if reply.begun else "before it said a word"
            raise ProviderFailed(f"{server.name} broke off {what}. Try again, or let it go on.", host=server.url)
        if reply.reason == "refusal" and not reply.begun:
            raise ProviderFailed(f"{server.name} refused to answer this. Ask in other words.", host=server.url)
        yield Finish(_REASONS.get(reply.reason, "stop"))
        yield reply.usage()

    def _body(self, chat: ChatRequest) -> JsonObject:
        refuse(
            self.spec,
            seed=chat.seed,
            min_p=chat.min_p or None,
            repeat_penalty=None if chat.repeat_penalty == 1 else chat.repeat_penalty,
        )
        if chat.temperature is not None and chat.temperature > 1:
            raise InvalidRequest(
                f"temperature is {chat.temperature:g}; {self.spec.id} takes 0 to 1. Lower it.", field="temperature"
            )
        turns = going_on(chat)
        body: JsonObject = {
            "model": str(self.spec.options["name"]),
            "max_tokens": chat.max_tokens or _MAX_TOKENS,
            "stream": True,
            "messages": _turns([turn for turn in turns if turn.role != "system"]),
        }
        system = "\n\n".join(turn.content for turn in turns if turn.role == "system")
        if system.strip():
            body["system"] = system
        asked: JsonObject = {"temperature": chat.temperature, "top_p": chat.top_p, "top_k": chat.top_k or None}
        body.update({name: value for name, value in asked.items() if value is not None})
        if chat.stop:
            body["stop_sequences"] = list(chat.stop)
        if chat.tools:
            body["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": json.loads(tool.parameters)}
                for tool in chat.tools
            ]
            choice: JsonObject = {"type": {"required": "any"}.get(chat.tool_choice, chat.tool_choice)}
            if not chat.parallel_tool_calls and chat.tool_choice != "none":
                choice["disable_parallel_tool_use"] = True
            body["tool_choice"] = choice
        return body


class _Reply:
    """A reply as its events build it.

    Attributes:
        begun: Something of it came.
        ended: Its last event came.
        reason: Why it ended, in the protocol's words; "": not told yet.
    """

    def __init__(self) -> None:
        self.begun = self.ended = False
        self.reason = ""
        self._calls = -1
        self._usage: JsonObject = {}

    def take(self, event: JsonObject) -> Iterator[EngineEvent]:
        """Yield what an event brings."""
        match event.get("type"):
            case "message_start":
                self._usage.update(part(part(event, "message"), "usage"))
            case "message":  # the whole of it, from a server that does not stream
                for block in objects(event.get("content")):
                    yield from self._block(block)
                self._usage, self.reason, self.ended = part(event, "usage"), str(event.get("stop_reason") or ""), True
            case "content_block_start":
                yield from self._block(part(event, "content_block"))
            case "content_block_delta":
                yield from self._delta(part(event, "delta"))
            case "message_delta":
                self.reason = str(part(event, "delta").get("stop_reason") or self.reason)
                self._usage.update({name: n for name, n in part(event, "usage").items() if n is not None})
            case "message_stop":
                self.ended = True

    def _block(self, block: JsonObject) -> Iterator[EngineEvent]:
        if block.get("type") == "tool_use":
            self._calls, self.begun = self._calls + 1, True
            given = block.get("input")
            arguments = json.dumps(given, ensure_ascii=False) if given else ""
            yield ToolCallDelta(self._calls, arguments, str(block.get("id") or ""), str(block.get("name") or ""))
            return
        yield from self._delta(block)

    def _delta(self, delta: JsonObject) -> Iterator[EngineEvent]:
        for name, reasoning in (("thinking", True), ("text", False)):
            text = delta.get(name)
            if isinstance(text, str) and text:
                self.begun = True
                yield Delta(text, reasoning)
        piece = delta.get("partial_json")
        if isinstance(piece, str) and piece and self._calls >= 0:
            yield ToolCallDelta(self._calls, piece)

    def usage(self) -> Usage:
        """Return the figures; what was read from the cache, or put into it, was read too."""
        cached = count(self._usage.get("cache_read_input_tokens"))
        made = count(self._usage.get("cache_creation_input_tokens"))
        fresh = count(self._usage.get("input_tokens"))
        read = None if fresh is None else fresh + (cached or 0) + (made or 0)
        return Usage(tokens_in=read, tokens_out=count(self._usage.get("output_tokens")), tokens_cached=cached)


def _turns(messages: Sequence[Message]) -> list[Json]:
    """The conversation in the protocol's form, in which results of calls are part of the user's turn."""
    turns: list[Json] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        last = turns[-1] if turns else None
        if isinstance(last, dict) and last["role"] == role and isinstance(last["content"], list):
            last["content"].extend(blocks)
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> list[Json]:
    if message.tool_call_id is not None:
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.content}]
    blocks: list[Json] = []
    for image in message.images:
        kind = next(name for magic, name in _MAGICS.items() if image.startswith(magic))
        source: Json = {"type": "base64", "media_type": f"image/{kind}", "data": base64.b64encode(image).decode()}
        blocks.append({"type": "image", "source": source})
    # The protocol takes no empty text, and none that ends in blanks as the last of the assistant's.
    text = message.content.rstrip() if message.role == "assistant" else message.content
    if text.strip():
        blocks.append({"type": "text", "text": text})
    for call in message.tool_calls:
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)})
    return blocks


def _wire(server: Server) -> Wire:
    headers = {"anthropic-version": _VERSION}
    return Wire(server, {**headers, "x-api-key": server.key} if server.key else headers)


def discover(server: Server, timeout_s: float) -> Found:
    """Ask a server for its models.

    Raises:
        StudioError: Nobody answers there, not with this key, or not as Anthropic's would.
    """
    url = server.url.removesuffix("/messages").removesuffix("/v1")
    at = Server(server.name, url, server.key, server.own_network, server.timeout_s)
    try:
        listed = _wire(at).ask(f"/v1/models?limit={_LISTED}", timeout_s)
    except (InvalidRequest, StudioError) as exc:
        if exc.status in (404, 422):
            raise ProviderFailed(f"What answers at {url} does not speak Anthropic's protocol. Correct it.") from exc
        raise
    models = objects(listed.get("data")) if isinstance(listed, dict) else []
    if not models and not (isinstance(listed, dict) and isinstance(listed.get("data"), list)):
        raise ProviderFailed(f"What answers at {url} has no list of models. Correct the address.", host=url)
    names = [str(item["id"]) for item in models if item.get("id")]
    return Found(url, tuple(FoundModel(name) for name in names), len(models) - len(names))
