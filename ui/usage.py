"""The Usage panel: what was asked, what it took, by day, kind and model, read from the log alone."""

import asyncio
from collections.abc import Mapping
from typing import TypedDict

import gradio as gr
import pandas as pd

from studio import StudioError, UsageReport
from ui import render
from ui.caller import caller_of
from ui.panel import Panel, Updates, area, on
from ui.theme import CHART_COLOURS
from ui.words import Words, label, words_of

PERIODS = (7, 28, 90)
HEIGHT_PX = 260
KINDS = ("chat", "translation", "image", "speech", "transcription", "embedding", "download", "document", "audio")


class UsagePanel(Panel):
    """Builds the panel and answers its events."""

    def build(self) -> None:
        """Lay the panel out inside the open tab."""
        with gr.Column(elem_id="usage", elem_classes="sheet wide"):
            with gr.Row(elem_classes="head"):
                area(render.head("us_title"))
                self.period = gr.Radio(
                    [(label(f"us_{days}"), days) for days in PERIODS],
                    value=28,
                    label=label("us_period"),
                    show_label=False,
                    container=False,
                    elem_id="us-period",
                    scale=0,
                    min_width=260,
                )
            self.tiles = area(elem_id="us-tiles", script=render.CLICKS)
            with gr.Column(visible=False, elem_id="us-charts") as self.charts:
                with gr.Row(elem_classes="halves"):
                    self.calls = _bars("us_by_day")
                    self.tokens = _bars("us_tokens_day")
                with gr.Row(elem_classes="halves"):
                    self.latency = gr.ScatterPlot(
                        x="day", y="seconds", color="kind", label=label("us_latency_day"), y_lim=[0, None],
                        height=HEIGHT_PX, min_width=300, buttons=[], tooltip="all", colors_in_legend=[],
                        elem_id="us-latency-day",
                    )  # fmt: skip
                    self.errors = _bars("us_errors_day")
                    self.no_errors = area(visible=False, elem_id="us-no-errors", elem_classes="card")
                self.models = area(elem_id="us-models")

    def wire(self, tab: gr.Tab) -> None:
        """Connect the events; the figures are read when the panel is opened."""
        drawn = [self.calls, self.tokens, self.latency, self.errors, self.no_errors]
        outputs = [self.tiles, self.charts, *drawn, self.models]
        on([tab.select, self.period.input], self.show, [self.period], outputs)

    async def show(self, days: int, request: gr.Request) -> Updates:
        """Read the log of the period and draw it."""
        words = words_of(request)
        try:
            report = await asyncio.to_thread(self.studio.usage, caller_of(request).owner, int(days))
        except StudioError as exc:
            return {self.tiles: render.failure(words, exc), self.charts: gr.Column(visible=False)}
        if not report.calls:
            go = render.button(words("us_go_chat"), "tab", "chat", kind="example")
            text = render.escape(words("us_empty"))
            return {
                self.tiles: f'<div class="empty"><p>{text}</p>{go}</div>',
                self.charts: gr.Column(visible=False),
            }
        names = {kind: words(f"us_kind_{kind}") for kind in KINDS}
        colours = dict(zip(names.values(), CHART_COLOURS, strict=True))
        by_day = _by_day(report, days, names)
        return {
            self.tiles: _tiles(report, words) + _legend(report, names),
            self.charts: gr.Column(visible=True),
            self.calls: gr.BarPlot(by_day, y="calls", **_axes(by_day, "calls", colours, words)),
            self.tokens: gr.BarPlot(by_day, y="tokens", **_axes(by_day, "tokens", colours, words)),
            self.latency: gr.ScatterPlot(
                by_day, y="seconds", x_lim=_span_s(by_day), **_axes(by_day, "seconds", colours, words)
            ),
            # A chart of nothing says less than a sentence.
            self.errors: gr.BarPlot(
                by_day, y="errors", visible=report.errors > 0, **_axes(by_day, "errors", colours, words)
            ),
            self.no_errors: gr.HTML(_no_errors(words), visible=report.errors == 0),
            self.models: _table(report, words, names),
        }


def _bars(key: str) -> gr.BarPlot:
    return gr.BarPlot(
        x="day", y="calls", color="kind", x_bin="1d", label=label(key), y_lim=[0, None], height=HEIGHT_PX,
        min_width=300, buttons=[], tooltip="all", colors_in_legend=[], elem_id=key.replace("_", "-"),
    )  # fmt: skip


class Axes(TypedDict):
    """What a chart is drawn with besides its figures."""

    color_map: dict[str, str]
    x_title: str
    y_title: str
    x_axis_format: str
    y_lim: list[float | None]


def _axes(frame: pd.DataFrame, y: str, colours: dict[str, str], words: Words) -> Axes:
    """Return a chart's axes; their titles are blank, for the label says what they are.

    The highest bar of a day gets some air above it, and a chart of few things is not divided into half ones.
    """
    per_day = frame[y] if y == "seconds" else frame.groupby("day")[y].sum()
    highest = float(per_day.max()) if per_day.notna().any() else 0.0
    return {
        "color_map": colours,
        "x_title": " ",
        "y_title": " ",
        "x_axis_format": "%-d.%m" if words.language == "pl" else "%b %-d",
        "y_lim": [0, max(highest * 1.08, 0.1 if y == "seconds" else 5)],
    }


def _span_s(frame: pd.DataFrame) -> list[float | None]:
    """Return the first and the last day of the period, in seconds since 1970: Gradio makes Vega's milliseconds."""
    return [frame["day"].min().timestamp(), frame["day"].max().timestamp()]


def _no_errors(words: Words) -> str:
    heading, text = render.escape(words("us_errors_day")), render.escape(words("us_no_errors"))
    return f'<p class="hint">{heading}</p><p>{text}</p>'


def _by_day(report: UsageReport, days: int, names: Mapping[str, str]) -> pd.DataFrame:
    """Return a row a day and kind: calls, tokens, median seconds; days without any are in it with 0 calls."""
    figures = report.by_day.assign(
        tokens=report.by_day["tokens_in"] + report.by_day["tokens_out"], seconds=report.by_day["latency_p50_s"]
    )
    today = pd.Timestamp.now(tz="UTC").normalize().tz_localize(None)
    period = pd.date_range(today - pd.Timedelta(days=days - 1), today, freq="D").strftime("%Y-%m-%d")
    missing = [day for day in period if day not in set(figures["day"])]
    first = figures["kind"].iloc[0]
    none = {"kind": first, "calls": 0, "tokens": 0.0, "errors": 0, "seconds": float("nan")}
    blank = pd.DataFrame({"day": missing, **none})
    columns = ["day", "kind", "calls", "tokens", "errors", "seconds"]
    whole = pd.concat([frame for frame in (figures[columns], blank) if len(frame)], ignore_index=True)
    return whole.assign(day=pd.to_datetime(whole["day"]), kind=whole["kind"].map(names)).sort_values("day")


def _tiles(report: UsageReport, words: Words) -> str:
    tokens_in, tokens_out = (int(report.by_kind[name].sum()) for name in ("tokens_in", "tokens_out"))
    first = report.log.loc[report.log["status"] == "done", "first_output_s"].astype(float).dropna()
    middle = words.duration(float(first.median())) if len(first) else "–"
    slow = ""
    if report.latency_p95_s is not None:
        slow = words("us_p95", n=words.duration(report.latency_p95_s))
    share = words("us_of_all", n=words.number(100 * report.errors / report.calls, 1))
    read = words("us_in_out", tokens_in=words.number(tokens_in), tokens_out=words.number(tokens_out))
    tiles = (
        (words("us_requests"), words.number(report.calls), ""),
        (words("us_tokens"), words.number(report.tokens), read),
        (words("us_latency"), middle, slow),
        (words("us_errors"), words.number(report.errors), share),
    )
    cells = "".join(
        f'<div class="tile"><dt>{render.escape(name)}</dt><dd>{render.escape(figure)}'
        f"<small>{render.escape(small)}</small></dd></div>"
        for name, figure, small in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def _legend(report: UsageReport, names: Mapping[str, str]) -> str:
    """Return what each colour of the charts means, once for all of them."""
    used = set(report.by_kind["kind"])
    items = "".join(
        f'<li><i style="background:var(--chart-{index})"></i>{render.escape(name)}</li>'
        for index, (kind, name) in enumerate(names.items(), start=1)
        if kind in used
    )
    return f'<ul class="legend">{items}</ul>'


def _table(report: UsageReport, words: Words, names: Mapping[str, str]) -> str:
    """Return the figures by model as a table; its numbers stand in columns."""
    heads = ("us_col_model", "us_kind", "us_requests", "us_tokens", "us_errors", "us_col_median")
    head = "".join(f'<th scope="col">{render.escape(words(key))}</th>' for key in heads)
    rows = []
    for row in report.by_model.sort_values("calls", ascending=False).to_dict("records"):
        median = row["latency_p50_s"]
        cells = (
            names.get(str(row["kind"]), str(row["kind"])),
            words.number(row["calls"]),
            words.number(row["tokens_in"] + row["tokens_out"]),
            words.number(row["errors"]),
            "–" if pd.isna(median) else words.duration(median),
        )
        inner = "".join(f"<td>{render.escape(cell)}</td>" for cell in cells)
        model = "–" if row["model"] == "none" else str(row["model"])  # refused before there was one
        rows.append(f'<tr><th scope="row">{render.escape(model)}</th>{inner}</tr>')
    heading = render.escape(words("us_by_model"))
    return (
        f'<section class="table"><h2>{heading}</h2><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{heading}"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        "</section>"
    )
