"""Models of providers on servers that tests run, and whole replies in either protocol."""

import pytest

from contract.engine import Engine
from contract.models import ModelSpec
from engines import ENGINES, PROVIDERS
from tests.model_server import Answer, events, word

KEY = "sk-test-0123456789abcdef"
BOTH = pytest.mark.parametrize("kind", ["openai", "anthropic"])


def spec_for(url: str, kind: str = "openai", name: str = "tiny", **options: str | int | float | bool) -> ModelSpec:
    engine = PROVIDERS[kind].engines["chat"].name
    said = {"url": url, "name": name, "server": "them", "timeout_s": 30, **options}
    return ModelSpec(id=f"them/{name}", engine=engine, kind="chat", title="Theirs", remote=True, options=said)


def engine_for(spec: ModelSpec, key: str = "") -> Engine:
    engine = ENGINES[spec.engine](spec, key=key)
    engine.load()
    return engine


def ours(kind: str, *texts: str) -> Answer:
    """A whole reply in a protocol's own events."""
    if kind == "openai":
        return events(*(word(text) for text in texts), word("", "stop"))
    deltas = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}} for text in texts]
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
    return events(
        {"type": "message_start", "message": {"usage": {"input_tokens": 3}}}, *deltas, end, {"type": "message_stop"}
    )
