"""Chat with a transformers model in a local folder of safetensors: its own chat template, token by token.

For models that have no GGUF version, and for machines with a GPU; on a CPU llama.cpp is several times
faster. ``generate`` runs on a helper thread and hands each token over; a stop ends it at its next token,
but not inside the reading of the prompt. One reply at a time. Weights are read as safetensors alone, in
the precision they are stored in (half precision is widened on a CPU, which can't do it), and code from
the model's folder is never run. Functions and schemas can't be done: how a model writes a call is its own.
"""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import DoesNotFit, EngineFailed, InvalidRequest, StudioError
from contract.events import Delta, EngineEvent, Finish, Usage
from contract.models import Kind
from contract.requests import ChatRequest, Request
from engines.checks import brief, damaged, expect, loaded, model_path, read_json

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_CONTEXT_TOKENS = 2_048  # of a model that does not say
_BROKEN = "\ufffd"  # what half a character decodes to


class _Stopped(Exception):
    """Ends ``generate`` from its streamer."""


def _failed(exc: BaseException, spec_id: str) -> StudioError:
    """The error table: what ``generate`` raised."""
    if isinstance(exc, MemoryError) or type(exc).__name__ == "OutOfMemoryError":
        return DoesNotFit(f"The conversation does not fit into memory beside {spec_id}. Shorten it.", model=spec_id)
    return EngineFailed(f"{spec_id} broke off: {brief(exc)}. Try again.", model=spec_id)


class TransformersChat(Engine):
    """One causal language model; ``spec.paths[0]`` is its folder with ``config.json``."""

    name: ClassVar[str] = "transformers_chat"
    kind: ClassVar[Kind] = "chat"
    lane: ClassVar[str] = "torch"
    requires: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    extra: ClassVar[str] = "images"
    options: ClassVar[frozenset[str]] = frozenset({"raw", "count_tokens"})

    _model: "PreTrainedModel | None" = None

    def load(self) -> None:
        folder = model_path(self.spec)
        read_json(self.spec, folder / "config.json")
        pickled = sorted(path.name for path in folder.rglob("*") if path.suffix in _PICKLES)
        if pickled:
            raise damaged(self.spec, f"{pickled[0]} is a pickle, which can hide a program; only safetensors are read")
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        # Their warnings quote prompts, which belong in no log.
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cpu":
            torch.set_num_threads(self.threads)
        try:
            self._tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            model = AutoModelForCausalLM.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype="auto"
            )
            widened = device == "cpu" and model.dtype == torch.float16
            dtype = torch.float32 if widened else model.dtype
            self._model = model.to(device=device, dtype=dtype).eval()  # type: ignore[call-arg]  # their decorator hides self
        except (torch.cuda.OutOfMemoryError, MemoryError) as exc:
            raise DoesNotFit(f"{self.spec.title} does not fit into memory. Choose a smaller model.") from exc
        except Exception as exc:  # transformers, tokenizers and safetensors each raise their own
            raise damaged(self.spec, brief(exc)) from exc
        longest = getattr(model.config, "max_position_embeddings", None)
        self._context_tokens = longest if isinstance(longest, int) and longest > 0 else _CONTEXT_TOKENS
        self._at_work = threading.Lock()

    def unload(self) -> None:
        import gc

        if self._model is None:
            return
        with self._at_work:  # a reply that nobody reads any more may still be at its last token
            self._model = None
            del self._tokenizer
        gc.collect()
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        chat = expect(request, ChatRequest, self.spec)
        model = loaded(self._model, self.spec)
        ids = self._ids(chat)
        room = self._context_tokens - len(ids)
        if room < 1:
            raise InvalidRequest(
                f"The conversation has {len(ids):,} tokens; {self.spec.id} takes {self._context_tokens:,}. "
                "Shorten the message or start a new chat.",
                field="messages",
                tokens=len(ids),
                context_tokens=self._context_tokens,
            )
        if stop.is_set():
            return
        most = min(room, chat.max_tokens or room)
        config = _config(model, chat, most)
        writing = _Writing(self._at_work)
        stop.on_set(writing.cancel)
        text = _Text(self._tokenizer, chat.stop)
        count, ends = 0, _end_tokens(config)
        last = -1
        try:
            writing.start(model, ids, config, chat.seed)
            while (token := writing.tokens.get()) is not None and not stop.is_set():
                if isinstance(token, BaseException):
                    raise _failed(token, self.spec.id) from token
                count, last = count + 1, token
                if piece := text.take(token):
                    yield Delta(piece)
                if text.ended:
                    break
            if stop.is_set():
                return
            if piece := text.rest():
                yield Delta(piece)
            whole = text.ended or last in ends or count < most
            yield Finish("stop" if whole else "length")
            yield Usage(len(ids), count, context_tokens=self._context_tokens)
        finally:
            writing.cancel()

    def count_tokens(self, request: Request) -> int:
        chat = expect(request, ChatRequest, self.spec)
        loaded(self._model, self.spec)
        return len(self._ids(chat))

    def _ids(self, chat: ChatRequest) -> list[int]:
        """The prompt in tokens."""
        if chat.raw:
            return list(self._tokenizer(chat.messages[0].content)["input_ids"])
        if not self._tokenizer.chat_template:
            raise InvalidRequest(
                f"{self.spec.id} has no chat template, so it can't converse. Choose a model for chat.",
                field="model",
            )
        turns = [{"role": turn.role, "content": turn.content} for turn in chat.messages]
        going_on = turns[-1]["role"] == "assistant"
        try:
            text = self._tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=not going_on, continue_final_message=going_on
            )
        except Exception as exc:  # a template raises what it likes: roles that do not alternate, no system turn
            raise InvalidRequest(
                f"The chat template of {self.spec.id} does not take these turns ({brief(exc)}). Leave the system "
                "prompt out, or choose another model.",
                field="messages",
            ) from exc
        # The template has written the special tokens already.
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


class _Writing:
    """One ``generate`` on a thread of its own; ``tokens`` has ids, then what it raised if it did, then None.

    Args:
        at_work: Held while the model works, for it takes one reply at a time.
    """

    def __init__(self, at_work: threading.Lock) -> None:
        self.tokens: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
        self._at_work = at_work
        self._cancelled = False
        self._prompt_told = False

    def start(self, model: "PreTrainedModel", ids: Sequence[int], config: "GenerationConfig", seed: int | None) -> None:
        """Begin."""
        thread = threading.Thread(target=self._write, args=(model, ids, config, seed), name="transformers-reply")
        thread.daemon = True
        thread.start()

    def cancel(self) -> None:
        """End the reader's wait at once and the writing at its next token; may be called again."""
        self._cancelled = True
        self.tokens.put(None)

    def _write(
        self, model: "PreTrainedModel", ids: Sequence[int], config: "GenerationConfig", seed: int | None
    ) -> None:
        import torch

        try:
            with self._at_work, torch.inference_mode():
                if self._cancelled:
                    return
                if seed is not None:
                    torch.manual_seed(seed)
                prompt = torch.tensor([list(ids)], device=model.device)
                mask = torch.ones_like(prompt)
                model.generate(input_ids=prompt, attention_mask=mask, generation_config=config, streamer=self)  # type: ignore[operator]  # untyped
        except _Stopped:
            pass
        except Exception as exc:
            self.tokens.put(exc)
        finally:
            self.tokens.put(None)

    # What ``generate`` calls of a streamer

    def put(self, value: "torch.Tensor") -> None:
        """Take the prompt, which comes first, then each token."""
        if self._cancelled:
            raise _Stopped
        if not self._prompt_told:
            self._prompt_told = True
            return
        for token in value.flatten().tolist():
            self.tokens.put(int(token))

    def end(self) -> None:
        """Take note of the end; the thread tells it."""


class _Text:
    """Tokens as text that is sure: no half characters, nothing that may turn out to begin a stop string.

    Attributes:
        ended: A stop string came.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", stops: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._stops = stops
        self._ids: list[int] = []
        self._begin = self._read = 0
        self._held = ""
        self.ended = False

    def take(self, token: int) -> str:
        """Return what more of the text is sure with this token."""
        self._ids.append(token)
        # A token's text depends on the one before it (blanks), so both ends are decoded with the same beginning.
        before = self._decode(self._ids[self._begin : self._read])
        whole = self._decode(self._ids[self._begin :])
        if whole.endswith(_BROKEN):
            return ""
        new = whole[len(before) :]
        if new:  # a special token says nothing, and would hide the blank before the next word
            self._begin, self._read = self._read, len(self._ids)
        return self._pass_on(new)

    def rest(self) -> str:
        """Return what was held back, once no more comes."""
        held, self._held = self._held, ""
        return "" if self.ended else held

    def _decode(self, ids: list[int]) -> str:
        text = self._tokenizer.decode(ids, skip_special_tokens=True)
        return text if isinstance(text, str) else "".join(text)

    def _pass_on(self, text: str) -> str:
        self._held += text
        found = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if found:
            self.ended = True
            return self._held[: min(found)]
        keep = 0
        for stop in self._stops:
            fits = (n for n in range(min(len(stop) - 1, len(self._held)), 0, -1) if self._held.endswith(stop[:n]))
            keep = max(keep, next(fits, 0))
        sure = self._held[: len(self._held) - keep]
        self._held = self._held[len(sure) :]
        return sure


def _config(model: "PreTrainedModel", chat: ChatRequest, most: int) -> "GenerationConfig":
    """The model's own settings, with what the request asks for in their place."""
    import copy

    config: GenerationConfig = copy.deepcopy(model.generation_config)
    asked: Mapping[str, float | int | None] = {
        "temperature": chat.temperature or None,
        "top_p": chat.top_p,
        "top_k": chat.top_k,
        "min_p": chat.min_p,
    }
    for name, value in {**asked, "repetition_penalty": chat.repeat_penalty}.items():
        if value is not None:
            setattr(config, name, value)
    if chat.temperature == 0:
        config.do_sample = False
    elif chat.seed is not None or any(value is not None for value in asked.values()):
        config.do_sample = True
    config.max_new_tokens, config.max_length = most, None
    if config.pad_token_id is None:
        config.pad_token_id = next(iter(_end_tokens(config)), 0)
    return config


def _end_tokens(config: "GenerationConfig") -> set[int]:
    ends = config.eos_token_id
    if ends is None:
        return set()
    return {ends} if isinstance(ends, int) else {int(end) for end in ends}
