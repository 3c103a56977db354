"""A studio on echo engines, quick or slow, the dashboard's panels, and requests as Gradio hands them over."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

import studio.registry
from studio import Settings, Studio
from ui.dashboard import build
from ui.panel import Updates

Asked = Callable[..., gr.Request]


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Studio]:
    """A fresh studio whose engines answer at once."""
    with Studio.open(Settings(demo=True, data_dir=tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def slow_echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A fresh studio whose engines take 10 ms a token or step."""
    specs = studio.registry.echo_specs()
    monkeypatch.setattr(
        studio.registry, "echo_specs", lambda: [replace(spec, options={"delay_s": 0.01}) for spec in specs]
    )
    with Studio.open(Settings(demo=True, data_dir=tmp_path / "data")) as opened:
        yield opened


@pytest.fixture
def ask() -> Asked:
    """Return a function that makes a request: of one page, in one language, of one owner."""

    def make(page: str = "page", language: str = "en", owner: str | None = None) -> gr.Request:
        request = gr.Request(session_hash=page, headers={}, cookies={"hearth_lang": language})
        scope = {} if owner is None else {"hearth.owner": owner}
        request.request = SimpleNamespace(
            scope=scope, headers={}, cookies={"hearth_lang": language}, query_params={}, path_params={}
        )
        return request

    return make


@pytest.fixture
def demo(echo: Studio) -> gr.Blocks:
    """The whole dashboard over the quick studio."""
    return build(echo)


async def everything(updates: AsyncIterator[Updates]) -> list[Updates]:
    """Return all that a handler yields."""
    told = [update async for update in updates]
    assert all(told), "Gradio takes an empty mapping for one value"
    return told


def shown(updates: list[Updates]) -> Updates:
    """Return what the page shows in the end."""
    last: Updates = {}
    for update in updates:
        last |= update
    return last


def text_of(messages: object) -> list[str]:
    """Return the texts of a Chatbot's messages."""
    assert isinstance(messages, list)
    return [part["text"] for message in messages for part in message["content"]]
