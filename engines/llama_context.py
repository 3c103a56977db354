"""How long a GGUF model's context can be, and what each of its tokens takes in memory."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from contract.models import ContextRange, ModelSpec, Scalar
from engines import gguf
from engines.checks import damaged, model_path, number

CONTEXT_TOKENS = 8_192  # unless asked for otherwise
LEAST_TOKENS = 256
_CACHE_BYTES = 2  # llama.cpp keeps keys and values as float16


def context_range(spec: ModelSpec) -> ContextRange:
    """Return the lengths that a model can be loaded with.

    Raises:
        ModelDamaged: Its file can't be read.
    """
    path = model_path(spec)
    try:
        trained, bytes_per_token = _read(path, path.stat().st_mtime_ns)
    except OSError as exc:
        raise damaged(spec, f"{path.name} can't be read ({exc.strerror})") from exc
    except ValueError as exc:
        raise damaged(spec, str(exc)) from exc
    most = max(LEAST_TOKENS, trained or CONTEXT_TOKENS)
    usual = min(int(number(spec.options, "n_ctx", CONTEXT_TOKENS)), most)
    return ContextRange(least=LEAST_TOKENS, most=most, usual=usual, bytes_per_token=bytes_per_token)


def loading(spec: ModelSpec) -> tuple[float, Scalar | None]:
    """Return what a model is loaded with: two specs of it that agree here are served by one."""
    return number(spec.options, "n_ctx", CONTEXT_TOKENS), spec.options.get("slots")


def with_context(spec: ModelSpec, context_tokens: int) -> ModelSpec:
    """Return the spec that loads with another length, its memory reckoned anew."""
    known = context_range(spec)
    more = (context_tokens - (known.usual or context_tokens)) * known.bytes_per_token
    memory = max(spec.size_bytes, spec.memory_bytes + more) if spec.memory_bytes else 0
    return replace(spec, memory_bytes=memory, options={**spec.options, "n_ctx": context_tokens})


@lru_cache(maxsize=64)
def _read(path: Path, changed_ns: int) -> tuple[int, int]:
    """Return the trained length, and bytes a token; 0 each where the file does not tell.

    Args:
        changed_ns: When the file was changed, so that another file of the same name is read anew.
    """
    told = gguf.metadata(path)
    model = str(told.get("general.architecture", ""))

    def value(name: str, default: int = 0) -> int:
        found = told.get(f"{model}.{name}", default)
        return int(found) if isinstance(found, int | float) else default

    heads = value("attention.head_count")
    width = value("embedding_length") // heads if heads else 0
    keys, values = value("attention.key_length", width), value("attention.value_length", width)
    cached = value("attention.head_count_kv", heads) * (keys + values) * _CACHE_BYTES
    return value("context_length"), value("block_count") * cached
