"""How a voice speaks: speed before all, pitch, volume and pauses one level down."""

from collections.abc import Mapping

import gradio as gr
from gradio.components import Component

from ui.words import label

# Name of the request's field to its phrase, range and step.
SLIDERS = {
    "speed": ("sp_speed", 0.5, 2, 0.1),
    "pitch": ("sp_pitch", 0.5, 2, 0.05),
    "volume": ("sp_volume", 0, 2, 0.05),
    "pauses": ("sp_pauses", 0, 5, 0.1),
}

# Loudness units under full scale that people ask for: music online, podcasts, broadcasts.
LUFS = (14, 16, 23)


class VoiceDrawer:
    """The sliders of the Speech panel, and what they ask for."""

    def build_speed(self) -> None:
        """Lay out what most people look for."""
        self._speed = _slider("speed")

    def build(self) -> None:
        """Lay out the rest, folded in."""
        with gr.Accordion(label("settings"), open=False, elem_id="sp-drawer"), gr.Row():
            self._rest = [_slider(name) for name in SLIDERS if name != "speed"]
            self._lufs = gr.Dropdown(
                [(label("sp_lufs_own"), ""), *((f"−{lufs} LUFS", -float(lufs)) for lufs in LUFS)],
                value="",
                label=label("sp_lufs"),
                filterable=False,
                elem_id="sp-lufs",
                min_width=160,
            )

    @property
    def fields(self) -> dict[str, Component]:
        """The controls by the request's fields."""
        return {**dict(zip(SLIDERS, [self._speed, *self._rest], strict=True)), "lufs": self._lufs}

    def asked(self, given: Mapping[Component, object]) -> dict[str, float]:
        """Return what was set; a drawer that was never opened tells nothing, and the voice's own is taken."""
        told = {name: given.get(slider) for name, slider in self.fields.items()}
        return {name: value for name, value in told.items() if isinstance(value, int | float)}


def _slider(name: str) -> gr.Slider:
    phrase, low, high, step = SLIDERS[name]
    return gr.Slider(low, high, value=1, step=step, label=label(phrase), elem_id=f"sp-{name}", min_width=160)
