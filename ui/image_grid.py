"""The grid of the Images panel: one picture for each pair of values of two settings, side by side."""

import asyncio
import re
from dataclasses import dataclass, replace

import gradio as gr
from gradio.components import Component

from studio import Caller, GridCell, ImageGrid, ImageRequest, InvalidRequest, Job, Studio
from ui import render
from ui.caller import caller_of, link
from ui.image_form import Given, number, text_of, whole
from ui.image_styles import BY_KEY, styled
from ui.panel import Updates, area, event_text, on
from ui.words import Words, both, label, words_of

AXES = ("seed", "num_inference_steps", "guidance_scale", "strength", "scheduler", "style", "prompt")
COUNTED = ("seed", "num_inference_steps")
MOST_CELLS = 36


@dataclass(frozen=True, slots=True)
class Plan:
    """A grid to be drawn: what differs along it, the values, and a request for each pair, row by row."""

    axes: tuple[str, str]
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    requests: tuple[ImageRequest, ...]


class ImageGridTable:
    """Builds the drawer and the table, plans the requests, and draws the table as it stands in the database."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def build_drawer(self) -> None:
        """Lay the drawer out inside the open column."""
        with gr.Accordion(label("im_grid"), open=False, elem_id="im-grid"):
            area(f'<p class="hint">{both("im_grid_hint")}</p>')
            named = [(label(f"im_axis_{axis}"), axis) for axis in AXES]
            with gr.Row():
                self.x = gr.Dropdown(
                    label=label("im_grid_x"), choices=named, value="seed", elem_id="im-grid-x", filterable=False,
                    min_width=120,
                )  # fmt: skip
                self.x_values = gr.Textbox(
                    label=label("im_grid_values"), value="1, 2, 3", max_lines=1, elem_id="im-grid-x-values",
                    min_width=120,
                )  # fmt: skip
            with gr.Row():
                self.y = gr.Dropdown(
                    label=label("im_grid_y"), choices=[(label("im_grid_none"), ""), *named], value="",
                    elem_id="im-grid-y", filterable=False, min_width=120,
                )  # fmt: skip
                self.y_values = gr.Textbox(
                    label=label("im_grid_values"), max_lines=1, elem_id="im-grid-y-values", min_width=120
                )
            self.go = gr.Button(label("im_grid_go"), size="sm", elem_id="im-grid-go")

    def build_table(self) -> None:
        """Lay out the place of the finished grid."""
        self.table = area(elem_id="im-grid-table", script=render.CLICKS)

    def wire(self) -> None:
        """Connect the table's own buttons."""
        on([self.table.click], self.act, [], [self.table], queue=False)

    async def act(self, request: gr.Request, event: gr.EventData) -> Updates:
        """Leave out what is not drawn yet, or put the table away."""
        act, caller = event_text(event, "act"), caller_of(request)
        if act == "cancel":
            await asyncio.to_thread(self.studio.cancel_grid, caller)
        elif act == "close":
            await asyncio.to_thread(self.studio.forget_grid, caller)
        return {self.table: await self.drawn(request)}

    @property
    def fields(self) -> list[Component]:
        """Everything that a plan is read from."""
        return [self.x, self.x_values, self.y, self.y_values]

    def plan(self, asked: ImageRequest, given: Given, words: Words) -> Plan:
        """Return what is to be drawn.

        Raises:
            InvalidRequest: There are no values, too many of them, or one that can't be.
        """
        x, y = text_of(given, self.x) or "seed", text_of(given, self.y)
        columns, rows = (
            _values(text_of(given, self.x_values), x),
            _values(text_of(given, self.y_values), y) if y else ("",),
        )
        if not columns or not rows:
            raise InvalidRequest(words("im_grid_empty"))
        if len(columns) * len(rows) > MOST_CELLS:
            raise InvalidRequest(words("im_grid_many", n=len(columns) * len(rows), most=MOST_CELLS))
        if x == y:
            raise InvalidRequest(words("im_grid_same"))
        # One seed for all of them, so that nothing differs but what is asked for.
        base = replace(asked, num_images=1, seed=0 if asked.seed is None else asked.seed)
        requests = tuple(
            _with(_with(base, y, row, words) if y else base, x, column, words) for row in rows for column in columns
        )
        for request in requests:
            request.check(self.studio.limits)
        return Plan((x, y), columns, rows, requests)

    def submit(self, plan: Plan, caller: Caller) -> list[Job]:
        """Have a plan drawn; errors as in ``Studio.draw_grid``."""
        return self.studio.draw_grid(plan.requests, caller, plan.axes, (plan.columns, plan.rows))

    async def drawn(self, request: gr.Request) -> str:
        """Return the table as HTML, with the pictures that are done; "" where there is none."""
        grid = await asyncio.to_thread(self.studio.image_grid, caller_of(request))
        return "" if grid is None else _table(grid, request)


def _values(text: str, axis: str) -> tuple[str, ...]:
    """Return the values between the commas; of whole numbers, ``2-5`` is each from 2 to 5."""
    found: list[str] = []
    for value in (each.strip() for each in text.split(",")):
        span = re.fullmatch(r"(\d{1,10})\s*[-–]\s*(\d{1,10})", value) if axis in COUNTED else None
        if span is None:
            found += [value] if value else []
            continue
        first, last = int(span[1]), int(span[2])
        found += [str(each) for each in range(first, min(last, first + MOST_CELLS) + 1)]
    return tuple(found)


def _with(asked: ImageRequest, axis: str, value: str, words: Words) -> ImageRequest:
    """Return the request with one setting at another value; a prompt's is added to its end."""
    if axis == "seed":
        return replace(asked, seed=whole(value, words))
    if axis == "num_inference_steps":
        return replace(asked, num_inference_steps=whole(value, words))
    if axis == "guidance_scale":
        return replace(asked, guidance_scale=number(value, words))
    if axis == "strength":
        return replace(asked, strength=number(value, words))
    if axis == "scheduler":
        return replace(asked, scheduler=value)
    if axis == "style":
        if value not in BY_KEY:
            raise InvalidRequest(words("im_grid_style", style=value[:40], styles=", ".join(BY_KEY)))
        prompt, negative = styled(asked.prompt, asked.negative_prompt, value)
        return replace(asked, prompt=prompt, negative_prompt=negative)
    return replace(asked, prompt=f"{asked.prompt}, {value}")


def _table(grid: ImageGrid, request: gr.Request) -> str:
    words = words_of(request)
    head = "".join(f"<th scope='col'>{render.escape(column)}</th>" for column in grid.across)
    body = ""
    for number_, row in enumerate(grid.down):
        first = number_ * len(grid.across)
        cells = "".join(
            f"<td>{_cell(cell, f'{row} · {column}' if row else column, request, words)}</td>"
            for cell, column in zip(grid.cells[first : first + len(grid.across)], grid.across, strict=True)
        )
        body += f"<tr><th scope='row'>{render.escape(row)}</th>{cells}</tr>"
    name = " × ".join(words(f"im_axis_{axis}") for axis in (grid.x, grid.y) if axis in AXES)
    going = any(cell.state in ("waiting", "running") for cell in grid.cells)
    done = sum(cell.state == "done" for cell in grid.cells)
    told = words("im_grid_told", name=name, done=done, n=len(grid.cells))
    end = render.button(words("im_grid_cancel"), "cancel") if going else ""
    end += render.button("", "close", drawing="close", name=words("im_grid_close"))
    return (
        f'<section class="xy" aria-label="{render.escape(told)}"><p class="line"><span>{render.escape(told)}</span>'
        f'<span class="tools">{end}</span></p><div class="scroll" tabindex="0"><table><thead><tr><td></td>{head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div></section>"
    )


def _cell(cell: GridCell, name: str, request: gr.Request, words: Words) -> str:
    if cell.picture_id is not None:
        address = render.escape(link(request, f"files/{cell.picture_id}"))
        return (
            f'<a href="{address}" target="_blank" rel="noopener">'
            f'<img src="{address}" alt="{render.escape(name)}" loading="lazy"></a>'
        )
    if cell.state == "failed":
        title = words.error_title(cell.error_code or "", words("im_state_failed"))
        return f'<span class="bad">{render.escape(title)}</span>'
    if cell.state == "done":
        return f'<span class="muted">{render.escape(words("im_grid_deleted"))}</span>'
    return f'<span class="muted">{render.escape(words(f"im_state_{cell.state}"))}</span>'
