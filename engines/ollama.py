"""Chat with a model that an Ollama server holds, through Ollama's own client.

Nothing is loaded here: the server keeps the model in its own memory. A stop shuts the connection's
socket, which ends the wait for the first token too and lets the server stop writing. Options of the
spec: ``host``, ``name`` (the model's name there) and ``num_ctx`` (the context the server is asked
for; without it the server takes its own). A conversation that is too long for it loses its oldest
exchanges here, where it can be told; the server would drop them in silence. The server is trusted to
say what it counts. It can't be made to call a tool, and drops images that its model can't see in
silence, so both are asked for by capability first.
"""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from contract.engine import Engine, Stop
from contract.errors import InvalidRequest, ProviderFailed, ProviderUnreachable, StudioError, UnknownModel
from contract.events import Delta, EngineEvent, Finish, ToolCallDelta, Usage
from contract.ids import new_id
from contract.messages import Message
from contract.models import ContextRange, Kind, ModelSpec, Scalar
from contract.requests import ChatRequest, Request
from engines.checks import brief, expect, number
from engines.line import Line
from engines.llama_tools import tools_json
from engines.ollama_context import context_range, fitted

if TYPE_CHECKING:
    import ollama

_DEFAULT_HOST = "http://127.0.0.1:11434"
_CONNECT_S = 3.0
_REPLIES_AT_ONCE = 8  # the server has a queue of its own
_NO_CHAT = frozenset({"bert", "nomic-bert"})  # families that give embeddings only


def _failed(exc: Exception, host: str, model: str) -> StudioError:
    """The error table: what the client raises, as what it means to a person."""
    import httpx
    import ollama

    if isinstance(exc, ConnectionError | httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol):
        return ProviderUnreachable(f"No Ollama server answers at {host}. Start it, or set OLLAMA_HOST.", host=host)
    if isinstance(exc, ollama.ResponseError):
        words = brief(exc.error).rstrip(".")
        if exc.status_code == 404:
            return UnknownModel(f"The Ollama server at {host} has no {model}: {words}.", model=model, host=host)
        if exc.status_code == 400:
            return InvalidRequest(f"The Ollama server at {host} refused the request: {words}.", model=model)
        return ProviderFailed(f"The Ollama server at {host} failed: {words}. Try again.", model=model, host=host)
    if isinstance(exc, httpx.TimeoutException):
        return ProviderFailed(f"The Ollama server at {host} took too long to answer. Try again.", host=host)
    if isinstance(exc, httpx.HTTPError):
        return ProviderFailed(
            f"The Ollama server at {host} broke off ({brief(exc)}). Try again.", model=model, host=host
        )
    return ProviderFailed(
        f"What answers at {host} does not speak Ollama's protocol ({brief(exc)}). Set OLLAMA_HOST to an Ollama server.",
        host=host,
    )


class Ollama(Engine):
    """One model of an Ollama server."""

    name: ClassVar[str] = "ollama"
    kind: ClassVar[Kind] = "chat"
    lane: ClassVar[str] = "remote"
    requires: ClassVar[tuple[str, ...]] = ("ollama",)
    options: ClassVar[frozenset[str]] = frozenset({"tools", "images", "context_tokens"})

    @property
    def slots(self) -> int:
        return _REPLIES_AT_ONCE

    @classmethod
    def facts(cls, spec: ModelSpec) -> Mapping[str, Scalar]:
        return shown(spec)

    @classmethod
    def context_range(cls, spec: ModelSpec) -> ContextRange | None:
        import ollama

        host, model = address(str(spec.options.get("host", ""))), str(spec.options["name"])
        try:
            with ollama.Client(host, timeout=_CONNECT_S, trust_env=not _is_here(host)) as client:
                return context_range(client, model)
        except Exception as exc:
            raise _failed(exc, host, model) from exc

    def load(self) -> None:
        """Nothing to read; importing the client now saves the first reply 0.3 s."""
        import ollama  # noqa: F401  # its import is the work

        self.context_tokens = int(number(self.spec.options, "num_ctx", 0)) or None

    def unload(self) -> None:
        """Nothing to give back."""

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        chat = expect(request, ChatRequest, self.spec)
        import httpx
        import ollama

        host, model = address(str(self.spec.options.get("host", ""))), str(self.spec.options["name"])
        if stop.is_set():
            return
        line = Line()
        try:
            # A client of its own, so that the socket is this request's alone.
            with ollama.Client(
                host,
                timeout=httpx.Timeout(None, connect=_CONNECT_S),  # a large model may take minutes to its first token
                verify=ssl.create_default_context() if host.startswith("https:") else False,
                event_hooks={"request": [line.watch]},
                trust_env=not _is_here(host),
            ) as client:
                stop.on_set(line.cut)
                yield from self._reply(client, model, chat, stop)
        except StudioError:
            raise
        except Exception as exc:
            if not stop.is_set():
                raise _failed(exc, host, model) from exc

    def _reply(self, client: "ollama.Client", model: str, chat: ChatRequest, stop: Stop) -> Iterator[EngineEvent]:
        self._check_abilities(client, model, chat)
        asked = chat.context_tokens or int(number(self.spec.options, "num_ctx", 0)) or None
        fit, context_tokens = fitted(client, model, chat, asked)
        chat = fit.request
        names = {call.id: call.name for message in chat.messages for call in message.tool_calls}
        messages = [_turn(message, names) for message in chat.messages]
        tools = tools_json(chat.tools) if chat.tool_choice != "none" else []
        if fit.left_out:
            yield Usage(context_tokens=context_tokens, left_out=fit.left_out)
        last: ollama.ChatResponse | None = None
        calls = 0
        for last in client.chat(
            model=model, messages=messages, tools=tools or None, stream=True, options=self._options(chat)
        ):
            if last.message.thinking:
                yield Delta(last.message.thinking, reasoning=True)
            if last.message.content:
                yield Delta(last.message.content)
            for call in last.message.tool_calls or []:
                arguments = json.dumps(call.function.arguments, ensure_ascii=False)
                yield ToolCallDelta(calls, arguments, f"call_{new_id()}", call.function.name)
                calls += 1
            if stop.is_set() or last.done:
                break
        if stop.is_set():
            return
        if last is None or not last.done:
            raise ProviderFailed(f"The Ollama server broke off in the middle of {model}'s reply. Try again.")
        yield Finish("length" if last.done_reason == "length" else "tool_calls" if calls else "stop")
        yield Usage(
            last.prompt_eval_count,
            last.eval_count,
            context_tokens=context_tokens or None,
            left_out=fit.left_out or None,
        )

    def _check_abilities(self, client: "ollama.Client", model: str, chat: ChatRequest) -> None:
        if chat.tool_choice == "required":
            raise InvalidRequest(
                f"{self.spec.id} runs in Ollama, which can't be made to call a tool. Leave tool_choice out.",
                field="tool_choice",
            )
        wanted = {"tools": bool(chat.tools), "vision": any(message.images for message in chat.messages)}
        if not any(wanted.values()):
            return
        able = client.show(model).capabilities or []
        for ability, field in (("tools", "tools"), ("vision", "images")):
            if wanted[ability] and ability not in able:
                raise InvalidRequest(
                    f"{self.spec.id} can't do {field}. Leave it out, or choose another model.", field=field
                )

    def _options(self, chat: ChatRequest) -> Mapping[str, object]:
        """The request in Ollama's words; what is not asked for is left to the model's own file."""
        asked = {
            "num_ctx": chat.context_tokens or self.spec.options.get("num_ctx"),
            "num_predict": chat.max_tokens,
            "temperature": chat.temperature,
            "top_p": chat.top_p,
            "top_k": chat.top_k,
            "min_p": chat.min_p,
            "repeat_penalty": chat.repeat_penalty,
            "seed": chat.seed,
            "stop": list(chat.stop) or None,
        }
        return {name: value for name, value in asked.items() if value is not None}


def _turn(message: Message, names: Mapping[str, str]) -> Mapping[str, object]:
    """One turn in Ollama's words, where a result names the function rather than the call."""
    turn: dict[str, object] = {"role": message.role, "content": message.content}
    if message.images:
        turn["images"] = list(message.images)
    if message.tool_calls:
        turn["tool_calls"] = [
            {"function": {"name": call.name, "arguments": json.loads(call.arguments)}} for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        turn["tool_name"] = names.get(message.tool_call_id, "")
    return turn


def address(host: str) -> str:
    """The server's address from what OLLAMA_HOST may hold: "", a name, name:port, :port or an http(s) URL.

    Raises:
        ProviderUnreachable: It is no address.
    """
    if not host.strip():
        return _DEFAULT_HOST
    try:
        url = urlsplit(host.strip() if "://" in host else f"http://{host.strip()}")
        port = url.port or ({"http": 80, "https": 443}[url.scheme] if "://" in host else 11434)
    except (ValueError, KeyError) as exc:
        raise ProviderUnreachable(
            f"The Ollama server's address is {host[:80]!r}, which is none. Set OLLAMA_HOST to something like "
            f"{_DEFAULT_HOST}.",
            host=host[:80],
        ) from exc
    # A server is often told to listen on every address, and the variable is the same one.
    name = {None: "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(url.hostname, url.hostname)
    return f"{url.scheme}://{f'[{name}]' if ':' in str(name) else name}:{port}{url.path.rstrip('/')}"


def _is_here(host: str) -> bool:
    """Whether it is this machine, which a proxy named in the environment does not lead to."""
    return urlsplit(host).hostname in ("localhost", "127.0.0.1", "::1")


def shown(spec: ModelSpec, timeout_s: float = 5.0) -> Mapping[str, Scalar]:
    """Return what the server says of a model: family, size, quantisation, template, parameters, licence.

    Raises:
        ProviderFailed: The server does not answer as it should.
    """
    host, model = address(str(spec.options.get("host", ""))), str(spec.options["name"])
    import ollama

    try:
        with ollama.Client(host, timeout=timeout_s, trust_env=not _is_here(host)) as client:
            told = client.show(model)
    except Exception as exc:
        raise _failed(exc, host, model) from exc
    details = told.details
    facts: dict[str, Scalar | None] = {
        "architecture": details.family if details else None,
        "parameters": details.parameter_size if details else None,
        "quantisation": details.quantization_level if details else None,
        "capabilities": ", ".join(told.capabilities or ()),
        "template": told.template,
        "settings": told.parameters,
        "licence": (told.license or "")[:200],
    }
    return {name: value for name, value in facts.items() if value}


def discover(host: str, timeout_s: float = 1.0) -> list[ModelSpec]:
    """List the chat models of the Ollama server at ``host``.

    Args:
        host: What OLLAMA_HOST may hold; "": this machine, port 11434.
        timeout_s: Longest wait for each of connection and answer.

    Raises:
        ProviderUnreachable: Nobody answers there.
        ProviderFailed: Somebody does, but not as Ollama would.
    """
    place = address(host)
    url = urlsplit(place)
    try:
        # Before the client is imported: on most machines no such server runs.
        socket.create_connection((url.hostname or "", url.port or 0), timeout_s).close()
    except OSError as exc:
        raise ProviderUnreachable(
            f"No Ollama server answers at {place} ({brief(exc)}). Start it, or set OLLAMA_HOST.", host=place
        ) from exc
    import ollama

    try:
        with ollama.Client(place, timeout=timeout_s, trust_env=not _is_here(place)) as client:
            models = client.list().models
    except Exception as exc:
        raise _failed(exc, place, "models") from exc
    return [spec for model in models if (spec := _spec(model, place)) is not None]


def _spec(model: "ollama.ListResponse.Model", host: str) -> ModelSpec | None:
    details = model.details
    if not model.model or (details is not None and _NO_CHAT.intersection(details.families or ())):
        return None
    size = " ".join(word for word in (details.parameter_size, details.quantization_level) if word) if details else ""
    return ModelSpec(
        id=f"ollama/{model.model.lower()}",
        engine=Ollama.name,
        kind="chat",
        title=model.model.removesuffix(":latest"),
        note=f"{size + ', r' if size else 'R'}uns in the Ollama server at {host}.",
        remote=True,
        options={"host": host, "name": model.model},
    )
