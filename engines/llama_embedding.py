"""Embeddings with a GGUF model through llama.cpp: texts in, vectors of length 1 out.

A text is read whole, so one that is longer than the model's context is refused rather than cut.
Texts go to llama.cpp a few at a time: a stop takes effect between, and long batches show progress.

Options of the spec: ``query_prefix`` and ``document_prefix`` (what the model was trained to see
before a text of that purpose; a text that has one already is left as it is), ``nfkc`` (bring texts
into the form NFKC first, for files without their tokenizer's own table) and ``matryoshka`` (it was
trained so that the first values of a vector are a vector, as in https://arxiv.org/abs/2205.13147).
"""

import math
import re
import secrets
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from contract.engine import Engine, Stop
from contract.errors import EngineFailed, InvalidRequest, StudioError
from contract.events import Embedding, EngineEvent, Progress, Usage
from contract.models import Kind
from contract.requests import EmbedRequest, Request
from engines import gguf
from engines.checks import damaged, expect, loaded, model_path

if TYPE_CHECKING:
    import xllamacpp

_MOST_CONTEXT_TOKENS = 8_192
_TEXTS_AT_ONCE = 8
_TOO_LONG = re.compile(r"input \((\d+) tokens\) is (?:too large|larger)")
# What SentencePiece's nmt_nfkc rule does beyond NFKC: control characters vanish, odd spaces become spaces.
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]")
_SPACES = re.compile(r"[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]")


class LlamaEmbedding(Engine):
    """A GGUF embedding model run by llama.cpp."""

    name: ClassVar[str] = "llama_embedding"
    kind: ClassVar[Kind] = "embedding"
    lane: ClassVar[str] = "embedding"
    requires: ClassVar[tuple[str, ...]] = ("xllamacpp",)
    _server: "xllamacpp.Server | None" = None

    def load(self) -> None:
        path = model_path(self.spec)
        try:
            facts = gguf.metadata(path)
        except (OSError, ValueError) as exc:
            raise damaged(self.spec, str(exc)) from exc
        trained = facts.get(f"{facts.get('general.architecture')}.context_length", _MOST_CONTEXT_TOKENS)
        self._context_tokens = min(int(trained), _MOST_CONTEXT_TOKENS)
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.embedding = True
        # A text must fit into one batch; the texts of a call share the context.
        params.n_ctx = params.n_batch = params.n_ubatch = self._context_tokens
        params.n_parallel = _TEXTS_AT_ONCE
        params.kv_unified = True
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self.threads
        params.warmup = False
        params.verbosity = -1
        # The server also listens on a loopback port, which nobody may use.
        params.api_keys = [secrets.token_urlsafe(32)]
        params.cors_origins, params.cors_credentials = "null", False
        params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
        try:
            server = xllamacpp.Server(params)
        except RuntimeError as exc:
            why = f"llama.cpp can't read {path.name}; it is cut off, damaged or of a newer kind"
            raise damaged(self.spec, why) from exc
        # A server that is let go before its loop has begun waits for that loop for ever; an answer shows it has.
        self._vectors(server, ["a"])
        self._server = server

    def unload(self) -> None:
        self._server = None

    def run(self, request: Request, stop: Stop) -> Iterator[EngineEvent]:
        asked = expect(request, EmbedRequest, self.spec)
        server = loaded(self._server, self.spec)
        texts = [self._prepared(text, asked) for text in asked.texts]
        tokens = 0
        for begin in range(0, len(texts), _TEXTS_AT_ONCE):
            if stop.is_set():
                return
            part = texts[begin : begin + _TEXTS_AT_ONCE]
            vectors, read = self._vectors(server, part)
            tokens += read
            for index, vector in enumerate(vectors, start=begin):
                yield Embedding(index, self._cut(vector, asked.dimensions))
            yield Progress(begin + len(part), len(texts))
        yield Usage(tokens_in=tokens, characters=sum(map(len, asked.texts)), context_tokens=self._context_tokens)

    def _prepared(self, text: str, asked: EmbedRequest) -> str:
        if self.spec.options.get("nfkc"):
            text = _SPACES.sub(" ", _CONTROLS.sub("", unicodedata.normalize("NFKC", text)))
        if not text.strip():
            raise InvalidRequest("input has a text with nothing to read in it. Leave it out.", field="input")
        prefixes = {name: str(self.spec.options.get(f"{name}_prefix", "")) for name in ("query", "document")}
        if asked.purpose is None or text.startswith(tuple(prefix for prefix in prefixes.values() if prefix)):
            return text
        return prefixes[asked.purpose] + text

    def _vectors(self, server: "xllamacpp.Server", texts: list[str]) -> tuple[list[list[float]], int]:
        try:
            answer = server.handle_embeddings({"input": texts, "encoding_format": "float"})
        except (RuntimeError, TypeError, ValueError) as exc:
            raise EngineFailed(f"{self.spec.id} broke off: {exc}. Try again.", model=self.spec.id) from exc
        if "error" in answer:
            raise self._refused(str(answer["error"].get("message")))
        rows = sorted(answer["data"], key=lambda row: int(row["index"]))
        return [row["embedding"] for row in rows], int(answer["usage"]["prompt_tokens"])

    def _refused(self, message: str) -> StudioError:
        """The error table: llama.cpp's answer to texts that it could not read."""
        too_long = _TOO_LONG.search(message)
        if too_long is None:
            return EngineFailed(f"{self.spec.id} broke off: {message}. Try again.", model=self.spec.id)
        tokens = int(too_long.group(1))
        return InvalidRequest(
            f"input has a text of {tokens:,} tokens; {self.spec.id} reads {self._context_tokens:,}. Split it.",
            field="input",
            tokens=tokens,
            context_tokens=self._context_tokens,
        )

    def _cut(self, vector: list[float], dimensions: int | None) -> tuple[float, ...]:
        if dimensions is not None and dimensions != len(vector):
            if dimensions > len(vector) or not self.spec.options.get("matryoshka"):
                raise InvalidRequest(
                    f"dimensions is {dimensions}; {self.spec.id} gives {len(vector)}, and was not trained for "
                    "another number. Leave dimensions out.",
                    field="dimensions",
                )
            vector = vector[:dimensions]
        length = math.sqrt(sum(value * value for value in vector)) or 1.0
        return tuple(value / length for value in vector)
