"""Chat with a GGUF model through llama.cpp, in this process, many replies at once.

``xllamacpp`` runs llama.cpp's own server loop on a thread of its own: it batches the replies of all
slots together, keeps each conversation's prompt cached between turns, and gives the chunks of a
reply to a callback on the thread that asked. A run therefore has one helper thread, which only
moves chunks into a queue; the generator reads them from there. Once stopped, the generator ends at
once and the helper at its next chunk: a token, or at most 256 tokens of the prompt.

All slots share one context (``kv_unified``), so that a single conversation may fill it. When it
overflows, llama.cpp fails every reply that is being written; so ``Room`` counts the tokens and
lets a run begin only when there is room for it. A reply that outgrows its share while the rest is
taken ends there, with ``finish_reason`` "length".

A conversation that is longer than the context loses its oldest exchanges first (``trimming``).

Options of the spec: ``n_ctx`` (8192 unless given; never more than the model was trained with),
``slots``, and ``temperature``, ``top_p``, ``top_k``, ``min_p``, ``repeat_penalty`` where a model's
own differ from llama.cpp's. With a seed the prompt cache is not used, because it changes rounding;
replies written beside others may differ all the same. Images are not passed on yet.
"""

import json
import queue
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest, StudioError
from contract.events import Delta, EngineEvent, Finish, Likelihood, ToolCallDelta, Usage
from contract.models import ContextRange, Kind, ModelSpec, Scalar
from contract.requests import ChatRequest, Request
from engines import gguf, llama_context
from engines.checks import brief, damaged, expect, loaded, model_path, number
from engines.llama_http import ask_json, trained_context
from engines.llama_room import Room
from engines.llama_tools import (
    ForcedCall,
    Json,
    as_number,
    as_object,
    as_objects,
    has_tools,
    knows_tools,
    messages_json,
    tools_body,
    with_tools,
)
from engines.trimming import fit, longest, too_long

if TYPE_CHECKING:
    import xllamacpp

Chunk = dict[str, Json]
_Ask = Callable[[Chunk, Callable[[Chunk], bool]], object]

_PROMPT_BATCH = 256  # the finest grain in which a prompt can be stopped; 512 is no faster on two cores
# Conversations that left their slot. llama.cpp puts one there before it takes its slot for another, but not where
# more than half of it stays: of conversations that take turns under common instructions longer than their own words,
# each reads its own words again, and so never more than those instructions are long (three of them, below 220 common
# tokens: 58, 79 and 101 tokens read a turn in the first three turns). Naming slots (``id_slot``) reads more: idle ones
# are emptied when another begins, and the instructions are gone with them. Options tried, as the tokens that three such
# conversations read in turn (40, 60, 80, 100 as it is), three with more own words (15 after the first turn) and single
# questions under the same instructions (15): ``cache_idle_slots`` false, the same; ``slot_prompt_similarity`` 0.8, 40,
# 60, up to 331, 100, and 294 to 314, and 15; both, with 0.95, 291 and then 15, 524 and then 15, but 264 a question.
_PROMPT_CACHE_MIB = 256
_SMALL_BYTES = 1_000_000_000
_SLOTS_SMALL, _SLOTS_LARGE = 16, 4
_FIRST_SHARE, _NEXT_SHARE = 512, 128  # tokens of a reply that room is taken for at a time
_OPTIONS = frozenset({"json_schema", "raw", "logprobs", "tools", "count_tokens", "context_tokens"})
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty")


def _refused(error: Chunk, spec_id: str, chat: ChatRequest) -> StudioError:
    """The error table: llama.cpp's answer to a request that it could not serve."""
    message = brief(error.get("message")).rstrip(".")
    if error.get("type") == "exceed_context_size_error":
        return too_long(spec_id, as_number(error.get("n_prompt_tokens")), as_number(error.get("n_ctx")))
    if chat.json_schema is not None and "grammar" in message.lower():
        return InvalidRequest(f"{spec_id} can't follow json_schema ({message}). Simplify it.", field="json_schema")
    if as_number(error.get("code")) < 500:
        return InvalidRequest(f"{spec_id} refused the request: {message}. Change it and try again.", model=spec_id)
    return EngineFailed(f"{spec_id} broke off: {message}. Try again.", model=spec_id)


def _unexpected(exc: BaseException, spec_id: str, chat: ChatRequest) -> StudioError:
    """The error table, second half: what calling llama.cpp raised."""
    if chat.json_schema is not None and "schema" in str(exc).lower():
        why = brief(str(exc).rpartition("JSON schema")[2].strip(" .") or "it is no schema")
        return InvalidRequest(f"{spec_id} can't follow json_schema ({why}). Simplify it.", field="json_schema")
    if isinstance(exc, TypeError | ValueError):  # text that is no valid Unicode, such as half an emoji
        return InvalidRequest(f"{spec_id} can't read the messages: {brief(exc)}. Send plain text.", field="messages")
    return EngineFailed(f"{spec_id} broke off: {brief(exc)}. Try again.", model=spec_id)


class LlamaCpp(Engine):
    """A GGUF file run by llama.cpp."""

    name: ClassVar[str] = "llama_cpp"
    kind: ClassVar[Kind] = "chat"
    lane: ClassVar[str] = "llama"
    requires: ClassVar[tuple[str, ...]] = ("xllamacpp",)
    options: ClassVar[frozenset[str]] = _OPTIONS
    _server: "xllamacpp.Server | None" = None

    @classmethod
    def abilities(cls, spec: ModelSpec) -> frozenset[str]:
        return cls.options if has_tools(spec.paths[0]) else cls.options - {"tools"}

    @property
    def slots(self) -> int:
        small = self.spec.size_bytes < _SMALL_BYTES
        return int(number(self.spec.options, "slots", _SLOTS_SMALL if small else _SLOTS_LARGE))

    @classmethod
    def context_range(cls, spec: ModelSpec) -> ContextRange:
        return llama_context.context_range(spec)

    @classmethod
    def with_context(cls, spec: ModelSpec, context_tokens: int) -> ModelSpec:
        return llama_context.with_context(spec, context_tokens)

    @classmethod
    def facts(cls, spec: ModelSpec) -> Mapping[str, Scalar]:
        return gguf.told(spec.paths[0])

    def serves(self, spec: ModelSpec) -> bool:
        return llama_context.loading(spec) == llama_context.loading(self.spec)

    def load(self) -> None:
        path = model_path(self.spec)
        try:
            own_template = str(gguf.metadata(path).get("tokenizer.chat_template", ""))
        except OSError as exc:  # a folder, or a file that may not be read
            raise damaged(self.spec, f"{path.name} can't be read ({exc.strerror})") from exc
        except ValueError as exc:
            raise damaged(self.spec, str(exc)) from exc
        template = with_tools(own_template)
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = int(number(self.spec.options, "n_ctx", llama_context.CONTEXT_TOKENS))
        params.n_parallel = self.slots
        params.kv_unified = True
        params.n_batch = _PROMPT_BATCH
        params.cache_ram_mib = _PROMPT_CACHE_MIB
        # One busy core beside it costs a decode on all cores 40 % of its speed, so one is left to the page.
        params.cpuparams.n_threads = max(1, self.threads - 1)
        params.cpuparams_batch.n_threads = self.threads
        if template != own_template:
            params.chat_template = template
        params.warmup, params.verbosity = False, -1
        # The server also listens on a loopback port. Nobody may use it: no other process, no web page.
        params.api_keys = [key := secrets.token_urlsafe(32)]
        params.cors_origins, params.cors_credentials = "null", False
        params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
        try:
            server = xllamacpp.Server(params)
        except Exception as exc:  # RuntimeError as a rule; what a binding raises is not promised
            why = f"llama.cpp can't read {path.name}; it is cut off, damaged or of a newer kind"
            raise damaged(self.spec, why) from exc
        self._address, self._key = server.listening_address, key
        self.context_tokens = self._context_tokens = min(params.n_ctx, trained_context(self._address, key))
        self._knows_tools = knows_tools(template)
        self._room = Room(params.n_ctx)
        self._runs: set[threading.Thread] = set()
        self._asked = False
        self._server = server

    def unload(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            for thread in tuple(self._runs):
                thread.join()
            if not self._asked:
                # A server that is let go before its loop has begun waits for that loop for ever.
                server.handle_completions({"prompt": "a", "max_tokens": 1}, lambda _: True)

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        chat = expect(request, ChatRequest, self.spec)
        server = loaded(self._server, self.spec)
        fitted = fit(chat, self._context_tokens, self.count_tokens)
        chat = fitted.request
        body = self._body(chat)
        most = longest(chat.messages, json.dumps(body.get("tools") or ""))
        if fitted.left_out:  # before anything is taken that a closed generator would not give back
            yield Usage(context_tokens=self._context_tokens, left_out=fitted.left_out)
        # As much of the reply as is sure to be needed, so that short replies do not wait for room they leave empty.
        ahead = min(_FIRST_SHARE, chat.max_tokens + 1) if chat.max_tokens else _FIRST_SHARE
        share = self._room.take(min(most, self._context_tokens) + ahead, stop)
        if not share:
            return
        self._asked = True
        ask = server.handle_completions if chat.raw else server.handle_chat_completions
        run = _Run(ask, body, self._room, share, ahead)
        run.start(self._runs)
        stop.on_set(run.cancel)
        try:
            yield from self._events(run, stop, chat, fitted.left_out or None)
        finally:
            run.cancel()

    def count_tokens(self, request: Request) -> int:
        chat = expect(request, ChatRequest, self.spec)
        loaded(self._server, self.spec)
        conversation: Chunk = {"messages": messages_json(chat.messages), **tools_body(chat)}
        templated = {"prompt": chat.messages[0].content} if chat.raw else None
        prompt = (templated or self._post("/apply-template", conversation, chat)).get("prompt")
        whole: Chunk = {"content": prompt, "add_special": True, "parse_special": True}
        tokens = self._post("/tokenize", whole, chat).get("tokens")
        if not isinstance(tokens, list):
            raise EngineFailed(f"{self.spec.id} did not count the tokens. Try again.", model=self.spec.id)
        return len(tokens)

    def _post(self, path: str, body: Chunk, chat: ChatRequest) -> Chunk:
        try:
            answer = ask_json(self._address, self._key, "POST", path, body)
        except (OSError, HTTPException, ValueError) as exc:
            raise EngineFailed(f"{self.spec.id} does not answer: {exc!r}. Try again.", model=self.spec.id) from exc
        if "error" in answer:
            raise _refused(as_object(answer["error"]), self.spec.id, chat)
        return answer

    def _events(self, run: "_Run", stop: Stop, chat: ChatRequest, left_out: int | None) -> Iterator[EngineEvent]:
        finish = ""
        usage: Chunk = {}
        forced = ForcedCall() if chat.tool_choice == "required" else None
        while (chunk := run.chunks.get()) is not None and not stop.is_set():
            if isinstance(chunk, Exception):
                raise _unexpected(chunk, self.spec.id, chat) from chunk
            if "error" in chunk:
                raise _refused(as_object(chunk["error"]), self.spec.id, chat)
            for choice in as_objects(chunk.get("choices")):
                delta = {"content": choice.get("text"), **as_object(choice.get("delta"))}
                for field, reasoning in (("reasoning_content", True), ("content", False)):
                    text = delta.get(field)
                    if not isinstance(text, str) or not text:
                        continue
                    if forced is not None and not reasoning:
                        yield from forced.take(text)
                    else:
                        yield Delta(text, reasoning, _likelihoods(choice, chat.logprobs))
                yield from map(_tool_call, as_objects(delta.get("tool_calls")))
                finish = str(choice.get("finish_reason") or finish)
            usage = as_object(chunk.get("usage")) or usage
        if forced is not None and finish == "stop":
            finish = "tool_calls"
        if finish or run.out_of_room:
            yield Finish(finish or "length")
        elif not stop.is_set():  # neither an end nor an error: the server went away
            raise EngineFailed(f"{self.spec.id} broke off in the middle of the reply. Try again.", model=self.spec.id)
        yield self._usage(run, usage, left_out)

    def _usage(self, run: "_Run", usage: Chunk, left_out: int | None) -> Usage:
        """What llama.cpp counted; of a reply that was cut off, what we counted."""
        counts = (run.prompt_tokens, run.reply_tokens, run.cached_tokens)
        if usage:
            cached = as_object(usage.get("prompt_tokens_details")).get("cached_tokens")
            counts = as_number(usage.get("prompt_tokens")), as_number(usage.get("completion_tokens")), as_number(cached)
        return Usage(*counts, context_tokens=self._context_tokens, left_out=left_out)

    def _body(self, chat: ChatRequest) -> Chunk:
        """The request in llama.cpp's words; a value that neither request nor model names is left to it."""
        self._check_tools(chat)
        body: Chunk = {
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }
        if chat.raw:
            body["prompt"] = chat.messages[0].content
        else:
            body["messages"] = messages_json(chat.messages)
        body.update(tools_body(chat))
        if chat.json_schema is not None:
            schema: Chunk = {"name": "reply", "schema": json.loads(chat.json_schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if chat.logprobs is not None:  # it tells none at all when asked for none beside the token itself
            most = max(1, chat.logprobs)
            body.update({"logprobs": most} if chat.raw else {"logprobs": True, "top_logprobs": most})
        own: dict[str, Scalar | None] = {name: self.spec.options.get(name) for name in _SAMPLING}
        asked: dict[str, Scalar | None] = {
            "temperature": chat.temperature,
            "top_p": chat.top_p,
            "top_k": chat.top_k,
            "min_p": chat.min_p,
            "repeat_penalty": chat.repeat_penalty,
            "max_tokens": chat.max_tokens,
            "seed": chat.seed,
        }
        for values in (own, asked):
            body.update({name: value for name, value in values.items() if value is not None})
        if chat.stop:
            body["stop"] = list(chat.stop)
        if chat.seed is not None:
            body["cache_prompt"] = False
        return body

    def _check_tools(self, chat: ChatRequest) -> None:
        turns = any(message.tool_calls or message.role == "tool" for message in chat.messages)
        if (chat.tools or turns) and not self._knows_tools:
            raise InvalidRequest(
                f"{self.spec.id} can't do tools: its chat template has no place for them. Choose another model.",
                field="tools",
            )
        if chat.tool_choice == "required":
            for field, value in (("json_schema", chat.json_schema), ("logprobs", chat.logprobs)):
                if value is not None:
                    raise InvalidRequest(
                        f"{field} goes with text, and tool_choice makes the reply a call. Leave one of them out.",
                        field=field,
                    )


class _Run:
    """One reply on its way from llama.cpp's thread to the generator's, through ``chunks``.

    ``chunks`` holds JSON objects, then an exception if there was one, then None.

    Args:
        ask, body: Whom to ask for what.
        room, share: Where room for ``share`` tokens was taken; the helper thread gives it back.
        ahead: How many of these are for the reply.
    """

    def __init__(self, ask: _Ask, body: Chunk, room: "Room", share: int, ahead: int) -> None:
        self.chunks: queue.SimpleQueue[Chunk | Exception | None] = queue.SimpleQueue()
        self.prompt_tokens = self.cached_tokens = self.reply_tokens = 0
        self.out_of_room = False
        self._call: _Ask | None = ask
        self._body, self._room, self._share, self._ahead = body, room, share, ahead
        self._cancelled = False

    def start(self, runs: set[threading.Thread]) -> None:
        """Ask llama.cpp on a helper thread, which is in ``runs`` while it lives."""
        thread = threading.Thread(target=self._ask, args=(runs,), name="llama-reply", daemon=True)
        runs.add(thread)
        thread.start()

    def cancel(self) -> None:
        """End the generator's wait at once and the reply at its next chunk; may be called again."""
        self._cancelled = True
        self.chunks.put(None)

    def _ask(self, runs: set[threading.Thread]) -> None:
        # A job's stop sign keeps this run for as long as the job is remembered; the model must not stay with it.
        call, self._call = self._call, None
        try:
            if call is not None:
                call(self._body, self._receive)
        except Exception as exc:
            self.chunks.put(exc)
        finally:
            del call
            self._room.give(self._share)
            self.chunks.put(None)
            runs.discard(threading.current_thread())

    def _receive(self, chunk: Chunk) -> bool:
        """Take a chunk; True tells llama.cpp to end the reply. What it raised would be swallowed."""
        progress = as_object(chunk.get("prompt_progress"))
        if progress and not self.prompt_tokens:
            self.prompt_tokens, self.cached_tokens = as_number(progress.get("total")), as_number(progress.get("cache"))
            surplus = max(0, self._share - self.prompt_tokens - self._ahead)
            self._share -= surplus
            self._room.give(surplus)
        elif not progress and chunk.get("choices"):
            self.reply_tokens += 1
            if self.prompt_tokens + self.reply_tokens >= self._share:
                more = self._room.grow(_NEXT_SHARE)
                self._share += more
                self.out_of_room = not more
        self.chunks.put(chunk)
        return self._cancelled or self.out_of_room


def _likelihoods(choice: Chunk, others: int | None) -> tuple[Likelihood, ...]:
    """What llama.cpp tells of a chunk's tokens, with as many of the likeliest others as were asked for."""

    def one(token: Chunk) -> Likelihood:
        rest = tuple(one(other) for other in as_objects(token.get("top_logprobs"))[:others])
        logprob = token.get("logprob")
        return Likelihood(str(token.get("token")), logprob if isinstance(logprob, float) else 0.0, rest)

    if others is None:
        return ()
    return tuple(one(token) for token in as_objects(as_object(choice.get("logprobs")).get("content")))


def _tool_call(piece: Chunk) -> ToolCallDelta:
    """A piece of a call, as llama.cpp's parser gives it."""
    function = as_object(piece.get("function"))
    name, arguments = str(function.get("name") or ""), str(function.get("arguments") or "")
    return ToolCallDelta(as_number(piece.get("index")), arguments, str(piece.get("id") or ""), name)
