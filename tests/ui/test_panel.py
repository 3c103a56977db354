"""How events are wired: what a handler that has nothing to say does to the page."""

import asyncio
from collections.abc import AsyncIterator

import gradio as gr

from ui.panel import Updates, on


def test_a_handler_that_says_nothing_changes_nothing() -> None:
    async def quiet(text: str, request: gr.Request) -> AsyncIterator[Updates]:
        if text == "speak":
            yield {box: f"{text} {request.session_hash}"}

    with gr.Blocks() as demo:
        box, other, button = gr.Textbox("kept"), gr.Textbox("kept too"), gr.Button()
        on([button.click], quiet, [box], [box, other])
    [number] = demo.fns

    def answer(text: str) -> list[object]:
        request = gr.Request(session_hash="s", headers={})
        found = asyncio.run(demo.process_api(demo.fns[number], [text], request=request))
        return [value.get("__type__") if isinstance(value, dict) else value for value in found["data"]]

    assert answer("speak")[0] == "speak s"
    assert answer("nothing") == ["update", "update"]
