"""Chat with a model of any server that speaks OpenAI's protocol: vLLM, llama-server, LM Studio, OpenRouter, OpenAI.

Options of the spec: ``url``, ``name`` (the model's name there), ``server`` (what the owner calls it),
``timeout_s``, ``flavour`` and ``context_tokens``. The protocol itself knows no ``top_k``, ``min_p`` and
``repeat_penalty``. Servers that are known to take them (``_FLAVOURS``) get them under their own names;
any other is not sent them, because most ignore in silence what they do not know: they are refused by
name, unless the value means "off". A reply is continued as it stands by the servers that can; the others
are asked to go on by one more turn of the user.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from contract.engine import Stop
from contract.errors import InvalidRequest, ProviderFailed, StudioError, UnknownModel
from contract.events import Delta, EngineEvent, Finish, Likelihood, ToolCallDelta, Usage
from contract.models import Scalar
from contract.requests import ChatRequest, Request
from engines.checks import expect
from engines.llama_tools import Json, messages_json, tools_json
from engines.provider import Found, FoundModel, ProviderEngine, going_on, refuse, server_of
from engines.wire import JsonObject, Server, Wire, count, objects, part

_SUFFIXES = ("/chat/completions", "/completions", "/models")
_OFF: Mapping[str, float] = {"top_k": 0, "min_p": 0, "repeat_penalty": 1}
# Of each server that is known: what it calls the settings beyond the protocol.
_FLAVOURS: Mapping[str, Mapping[str, str]] = {
    "llamacpp": {name: name for name in _OFF},
    "vllm": {"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    "openrouter": {"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    "openai": {},
}
# What /v1/models says of its owner; "llama_cpp" is another Hearth.
_OWNERS = {"llamacpp": "llamacpp", "llama_cpp": "llamacpp", "vllm": "vllm"}
_HOSTS = {"api.openai.com": "openai", "openrouter.ai": "openrouter"}
# Lists of models name no kinds; names do. Anything else is taken for a chat model.
_EMBEDDINGS = ("embed", "bge-", "gte-", "-e5-", "minilm")
_NO_CHAT = ("whisper", "transcribe", "tts", "dall-e", "gpt-image", "sora", "moderation", "realtime", "rerank")


class OpenAICompatible(ProviderEngine):
    """One chat model of one server."""

    name: ClassVar[str] = "openai_compatible"
    options: ClassVar[frozenset[str]] = frozenset({"tools", "images", "json_schema", "logprobs", "raw"})

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        chat = expect(request, ChatRequest, self.spec)
        body = self._body(chat)
        if stop.is_set():
            return
        server = server_of(self.spec, self.server_key)
        path = "/completions" if chat.raw else "/chat/completions"
        finish, usage, begun = "", Usage(), False
        for chunk in _wire(server).stream(path, body, stop):
            for choice in objects(chunk.get("choices"))[:1]:
                for event in _pieces(choice, chat.logprobs):
                    begun = True
                    yield event
                finish = str(choice.get("finish_reason") or finish)
            usage = self._usage(chunk) or usage
        if stop.is_set():
            return
        if not finish:
            what = "in the middle of the reply" if begun else "before it said a word"
            raise ProviderFailed(f"{server.name} broke off {what}. Try again, or let it go on.", host=server.url)
        yield Finish(finish if finish in ("length", "tool_calls") else "stop")
        yield usage

    def _body(self, chat: ChatRequest) -> JsonObject:
        """The request in OpenAI's words; what is not asked for is left to the server."""
        flavour = str(self.spec.options.get("flavour", ""))
        longest = "max_completion_tokens" if flavour == "openai" and not chat.raw else "max_tokens"
        body: JsonObject = {
            "model": str(self.spec.options["name"]),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        asked: dict[str, Scalar | None] = {
            longest: chat.max_tokens,
            "temperature": chat.temperature,
            "top_p": chat.top_p,
            "seed": chat.seed,
            **self._beyond(chat, flavour),
        }
        body.update({name: value for name, value in asked.items() if value is not None})
        if chat.stop:
            body["stop"] = list(chat.stop)
        if flavour == "openrouter":  # it would leave out in silence what a model's host can't do
            body["provider"] = {"require_parameters": True}
        if chat.raw:
            refuse(self.spec, logprobs=chat.logprobs, json_schema=chat.json_schema)
            return {**body, "prompt": chat.messages[0].content}
        return {**body, **self._turns(chat, flavour), **_form(chat)}

    def _beyond(self, chat: ChatRequest, flavour: str) -> dict[str, Scalar | None]:
        """The settings beyond the protocol, under the server's own names."""
        values = {"top_k": chat.top_k, "min_p": chat.min_p, "repeat_penalty": chat.repeat_penalty}
        names = _FLAVOURS.get(flavour, {})
        refuse(self.spec, **{n: v for n, v in values.items() if n not in names and v != _OFF[n]})
        return {names[name]: value for name, value in values.items() if name in names}

    def _turns(self, chat: ChatRequest, flavour: str) -> JsonObject:
        last = chat.messages[-1].role == "assistant"
        if last and flavour == "vllm":
            return {
                "messages": _typed(messages_json(chat.messages)),
                "continue_final_message": True,
                "add_generation_prompt": False,
            }
        return {"messages": _typed(messages_json(chat.messages if flavour == "llamacpp" else going_on(chat)))}

    def _usage(self, chunk: JsonObject) -> Usage | None:
        usage = part(chunk, "usage")
        if not usage:
            return None
        return Usage(
            tokens_in=count(usage.get("prompt_tokens")),
            tokens_out=count(usage.get("completion_tokens")),
            tokens_cached=count(part(usage, "prompt_tokens_details").get("cached_tokens")),
            context_tokens=count(self.spec.options.get("context_tokens")) or None,
        )


def _pieces(choice: JsonObject, others: int | None) -> Iterator[EngineEvent]:
    """What one choice of a chunk, or of a whole answer, brings."""
    delta = part(choice, "delta") or part(choice, "message") or {"content": choice.get("text")}
    for name, reasoning in (("reasoning_content", True), ("reasoning", True), ("content", False)):
        text = delta.get(name)
        if isinstance(text, str) and text:
            yield Delta(text, reasoning, () if reasoning else _likelihoods(choice, others))
            if name == "reasoning_content":
                delta = {**delta, "reasoning": None}  # some send it under both names
    for place, piece in enumerate(objects(delta.get("tool_calls"))):
        function, index = part(piece, "function"), count(piece.get("index"))
        arguments = function.get("arguments")
        yield ToolCallDelta(
            place if index is None else index,
            arguments if isinstance(arguments, str) else "",
            str(piece.get("id") or ""),
            str(function.get("name") or ""),
        )


def _likelihoods(choice: JsonObject, others: int | None) -> tuple[Likelihood, ...]:
    def one(token: JsonObject) -> Likelihood:
        logprob = token.get("logprob")
        rest = tuple(one(other) for other in objects(token.get("top_logprobs"))[:others])
        return Likelihood(str(token.get("token")), float(logprob) if isinstance(logprob, int | float) else 0.0, rest)

    if others is None:
        return ()
    return tuple(one(token) for token in objects(part(choice, "logprobs").get("content")))


def _form(chat: ChatRequest) -> JsonObject:
    """What the reply may be: text, JSON of a schema, calls, with its likelihoods."""
    form: JsonObject = {}
    if chat.json_schema is not None:
        schema: Json = {"name": "reply", "schema": json.loads(chat.json_schema)}
        form["response_format"] = {"type": "json_schema", "json_schema": schema}
    if chat.tools:
        form["tools"], form["tool_choice"] = [*tools_json(chat.tools)], chat.tool_choice
        if not chat.parallel_tool_calls:
            form["parallel_tool_calls"] = False
    if chat.logprobs is not None:
        form["logprobs"], form["top_logprobs"] = True, chat.logprobs
    return form


def _typed(turns: list[Json]) -> list[Json]:
    """Name the form of each picture: llama.cpp looks for itself, OpenAI's own does not."""
    magics = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"RIFF": "webp", b"GIF8": "gif"}
    for turn in turns:
        for item in objects(turn["content"]) if isinstance(turn, dict) else []:
            picture = part(item, "image_url")
            if picture:
                data = str(picture["url"]).partition(",")[2]
                first = base64.b64decode(data[:8])
                kind = next(name for magic, name in magics.items() if first.startswith(magic))
                picture["url"] = f"data:image/{kind};base64,{data}"
    return turns


def _wire(server: Server) -> Wire:
    return Wire(server, {"Authorization": f"Bearer {server.key}"} if server.key else {})


def discover(server: Server, timeout_s: float) -> Found:
    """Ask a server for its models, at the address given and one step below it.

    Raises:
        StudioError: Nobody answers there, not with this key, or not as OpenAI's would.
    """
    base = server.url
    for suffix in _SUFFIXES:
        base = base.removesuffix(suffix)
    first: StudioError | None = None
    below = f"{base}/v1"
    # A bare address as a rule means the one below it; llama.cpp answers at both, and not the same.
    urls = (base,) if base.endswith("/v1") else (base, below) if urlsplit(base).path else (below, base)
    for url in urls:
        at = Server(server.name, url, server.key, server.own_network, server.timeout_s)
        try:
            listed = _wire(at).ask("/models", timeout_s)
            models = listed.get("data") if isinstance(listed, dict) else listed
            if not isinstance(models, list):
                raise ProviderFailed(f"{server.name} answers at {url}, but not with a list of models.", host=url)
        except (UnknownModel, InvalidRequest, ProviderFailed) as exc:
            if type(exc) not in (UnknownModel, InvalidRequest, ProviderFailed):
                raise  # nobody there, or a wrong key: another path would not help
            first = first or exc
            continue
        return _found(url, objects(models))
    raise ProviderFailed(
        f"What answers at {base} has no list of models as OpenAI's protocol has it. Correct the address; it often "
        "ends in /v1.",
        host=base,
    ) from first


def _found(url: str, listed: list[JsonObject]) -> Found:
    host = _HOSTS.get(urlsplit(url).hostname or "", "")
    models = []
    for item in listed:
        name = str(item.get("id") or "")
        lowered = name.lower()
        # Another Hearth says what its models do; of any other's, the name does.
        if not name or item.get("kind", "chat") != "chat" or any(word in lowered for word in (*_EMBEDDINGS, *_NO_CHAT)):
            continue
        flavour = host or _OWNERS.get(str(item.get("owned_by")), "")
        lengths = (item.get("max_model_len"), item.get("context_length"), part(item, "meta").get("n_ctx"))
        context = next((length for length in map(count, lengths) if length), 0)
        options: dict[str, Scalar] = {"flavour": flavour} if flavour else {}
        models.append(FoundModel(name, options={**options, **({"context_tokens": context} if context else {})}))
    return Found(url, tuple(models), len(listed) - len(models))
