"""What all panels share: how events are wired, and what a handler gives back."""

import contextlib
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet

import gradio as gr
from gradio.components import Component
from gradio.i18n import I18nData

from studio import Studio
from ui.follow import Turns

# Only the components named change; the rest of a handler's outputs stay as they are.
Updates = dict[Component, object]
Handler = Callable[..., Updates | Awaitable[Updates] | AsyncIterator[Updates]]


class Panel:
    """One panel: ``build`` lays it out inside its tab, ``wire`` connects its events."""

    def __init__(self, studio: Studio, turns: Turns) -> None:
        self.studio = studio
        self.turns = turns


def on(
    triggers: Sequence[object],
    handler: Handler,
    inputs: Sequence[Component] | AbstractSet[Component],
    outputs: Sequence[Component],
    *,
    queue: bool = True,
    script: str | None = None,
) -> None:
    """Connect events to a handler.

    Followers hold no slot and show no spinner of Gradio's, and a new event never waits for the one
    before it: the newest turn of a panel ends the older ones itself (see ``ui.follow``).

    Args:
        inputs: As a set, the handler gets them as one mapping.
        queue: False answers at once over plain HTTP; for buttons such as Stop.
        script: A JavaScript function that gives the inputs in the handler's place.
    """
    gr.on(
        list(triggers),
        _never_silent(handler, outputs[0]),
        set(inputs) if isinstance(inputs, AbstractSet) else list(inputs),
        list(outputs),
        show_progress="hidden",
        api_visibility="private",
        trigger_mode="multiple",
        concurrency_limit=None,
        queue=queue,
        js=script,
    )


def _never_silent(handler: Handler, output: Component) -> Handler:
    """Return a handler that tells at least that nothing changes.

    Gradio empties every output of a generator that ends without a word.
    """
    if not inspect.isasyncgenfunction(handler):
        return handler

    @functools.wraps(handler)
    async def told(*args: object) -> AsyncIterator[Updates]:
        silent = True
        async with contextlib.aclosing(handler(*args)) as updates:
            async for update in updates:
                silent = False
                yield update
        if silent:
            yield {output: gr.skip()}

    return told


def area(
    value: str = "", *, elem_id: str = "", elem_classes: str = "", visible: bool = True, script: str | None = None
) -> gr.HTML:
    """Return a place for our own HTML, without Gradio's styles for it.

    Args:
        script: JavaScript that tells its clicks; None: it has none.
    """
    return gr.HTML(
        value,
        elem_id=elem_id or None,
        elem_classes=elem_classes or None,
        visible=visible,
        js_on_load=script,
        apply_default_css=False,
    )


def stop_button(text: I18nData, elem_id: str) -> gr.Button:
    """Return a button that stops something, hidden until there is something; Escape clicks it."""
    return gr.Button(text, variant="stop", visible=False, elem_id=elem_id, elem_classes="stop", scale=0)


def event_text(event: gr.EventData, name: str) -> str:
    """Return one text that the browser told with an event; anything but a text is ""."""
    found = getattr(event, name, "")
    return found if isinstance(found, str) else ""
