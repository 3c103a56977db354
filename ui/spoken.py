"""What will be spoken, shown before it is: one level down in the Speech panel, with the switch that turns it off."""

import asyncio

import gradio as gr

from studio import Studio, StudioError
from ui import render
from ui.panel import Updates, area, on
from ui.words import label, words_of

SHOWN_CHARACTERS = 2_000


class SpokenPreview:
    """The drawer with the text as the chosen voice will say it; it follows the text when that is left."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def build(self) -> None:
        """Lay the drawer out."""
        with gr.Accordion(label("sp_spoken"), open=False, elem_id="sp-spoken") as self.drawer:
            self.normalize = gr.Checkbox(True, label=label("sp_normalize"), elem_id="sp-normalize")
            self.said = area(elem_id="sp-said")

    def wire(self, text: gr.Textbox, voice: gr.Dropdown) -> None:
        """Connect the events of the drawer and of what it depends on."""
        asking = [self.drawer.expand, text.blur, text.submit, voice.input, self.normalize.input]
        on(asking, self.show, [text, voice, self.normalize], [self.said], queue=False)

    async def show(self, text: str, voice: str | None, normalize: bool, request: gr.Request) -> Updates:
        """Show the beginning of what will be spoken."""
        words = words_of(request)
        if not text.strip():
            return {self.said: ""}
        # Cut between words, where no number is torn apart.
        start = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS].rsplit(maxsplit=1)[0]
        try:
            said = await asyncio.to_thread(self.studio.spoken_text, start, voice) if normalize else start
        except StudioError as exc:
            return {self.said: render.failure(words, exc)}
        more = f"<p>{render.escape(words('sp_spoken_more'))}</p>" if len(start) < len(text) else ""
        lines = "".join(f"<p>{render.escape(line)}</p>" for line in said.splitlines() if line.strip())
        if said == start:
            lines = f"<p>{render.escape(words('sp_spoken_same'))}</p>"
        return {self.said: f'<div class="cost">{lines}{more}</div>'}
