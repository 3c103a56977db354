"""Messages as the Chat panel shows them: stored ones, the growing one, their bars, and what stands below the last."""

import json
import re
import zlib
from collections.abc import Mapping, Sequence

import gradio as gr
from gradio.i18n import I18nData

from studio import Message, Source, StoredMessage
from ui import render
from ui.attachments import shown_files
from ui.citations import linked, listed
from ui.follow import View
from ui.opened import Opened
from ui.words import Words

LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]


# Code and displayed formulas, which are passed over; or what stands between two dollars.
DOLLARS = re.compile(
    r"(```.*?(?:```|\Z)|`[^`\n]*`|\$\$.*?(?:\$\$|\Z))|(?<![\\$\w])\$(?=[^\s$])([^$\n`]{1,300})(?<=[^\s\\])\$(?![$\w])",
    re.DOTALL,
)

JSON_BEGUN = re.compile(r"\s*\{\s*(?:\"|\}|\Z)")


def messages_box(elem_id: str, name: I18nData) -> gr.Chatbot:
    """Return a place for messages; it grows with them, the page's own box scrolls."""
    return gr.Chatbot(
        label=name,
        show_label=False,
        elem_id=elem_id,
        elem_classes="messages",
        height=None,
        container=False,
        autoscroll=False,
        buttons=["copy"],
        latex_delimiters=LATEX,
        allow_tags=False,
        group_consecutive_messages=False,
        layout="bubble",
    )


def plain_message(role: str, text: str, thought: str = "") -> dict[str, object]:
    """Return one message of the Chatbot; as a typed part, its indentation is kept."""
    shown = inline_math(as_code(text)) if role == "assistant" else text
    message: dict[str, object] = {"role": role, "content": [{"type": "text", "text": shown}]}
    if thought:
        message["metadata"] = {"title": thought}
    return message


def as_code(text: str, *, grows: bool = False) -> str:
    """Return a reply that begins with a JSON object with that as a block of code; any other as it is.

    As Markdown it would lose its stars and underscores.

    Args:
        grows: It is being written, so the block stays open: what was shown is only ever added to.
    """
    if not JSON_BEGUN.match(text):
        return text
    begin = len(text) - len(text.lstrip())
    try:
        end = len(text) if grows else json.JSONDecoder().raw_decode(text, begin)[1]
    except (ValueError, RecursionError):  # it was cut off
        end = len(text)
    block, rest = f"```json\n{text[begin:end]}", text[end:].strip()
    return block if grows else f"{block}\n```" + (f"\n\n{rest}" if rest else "")


def inline_math(text: str) -> str:
    """Return a text with its formulas between single dollars as the Chatbot takes them; prices and code stay.

    The rule is Pandoc's (tex_math_dollars): no space inside either dollar, no digit after the second.
    """
    return DOLLARS.sub(lambda found: found[0] if found[1] else f"\\({found[2]}\\)", text) if "$" in text else text


def shown_as(
    message: StoredMessage, words: Words, sources: Sequence[Source] = (), at: str = ""
) -> list[dict[str, object]]:
    """Return a stored message as the Chatbot shows it, its reasoning folded away above it.

    Args:
        sources: What it may cite.
        at: The address of the documents.
    """
    parts = [plain_message(message.role, message.reasoning, words("chat_thinking"))] if message.reasoning else []
    if message.content or not message.reasoning:
        parts.append(plain_message(message.role, linked(message.content, sources, at) or "…"))
    return parts


def growing(view: View, words: Words, begun: str = "") -> list[dict[str, object]]:
    """Return the growing reply; only ever added to, which keeps each update small.

    Args:
        begun: What it had before it was continued.
    """
    parts = [plain_message("assistant", view.reasoning, words("chat_thinking"))] if view.reasoning else []
    text = begun + view.text
    return [*parts, plain_message("assistant", as_code(text, grows=True))] if text else parts


def bars(
    opened: Opened,
    shown: Sequence[StoredMessage],
    words: Words,
    models: Sequence[tuple[str, str]],
    reveal: str = "",
    at: str = "",
) -> str:
    """Return the bars that ``messages.js`` puts below the messages: figures, versions, actions.

    Args:
        shown: The messages in the history, in order.
        models: Title and id of those that a reply can be written with.
        reveal: The message to scroll to.
        at: The address of the documents.
    """
    drawn, row, last = [], 0, opened.messages[-1] if opened.messages else None
    for message in shown:
        row += len(shown_as(message, words)) - 1
        if message.id == reveal:
            drawn.append(f'<i data-reveal="{row}"></i>')
        inner = shown_files(opened.files.get(message.id, ()), words, at)
        inner += listed(message.content, opened.sources.get(message.id, ()), words, at)
        moment = render.escape(message.created_at)
        inner += f'<time datetime="{moment}">{render.escape(render.when(message.created_at))}</time>'
        inner += _versions(message, opened.siblings.get(message.id, ()), words)
        if message.role == "user":
            inner += _act("edit", message.id, words("chat_edit"), "pencil")
        elif message.role == "assistant":
            inner += _act("again", message.id, words("chat_again"), "again")
            inner += _act("speak", message.id, words("chat_speak"), "speaker")
            inner += _act("translate", message.id, words("chat_translate"), "translate")
            if len(models) > 1:
                inner += _choice(message.id, words)
            if message is last and message.can_go_on and not opened.later:
                inner += render.button(words("chat_go_on"), "go_on", message.id, drawing="arrow")
            # The last reply's figures stand below it anyway.
            if message is not last or opened.later:
                cost = render.escape(" · ".join(_cost(message, words, models)))
                inner += f'<span class="figures">{cost}</span>'
        drawn.append(_bar(row, message.id, inner, words))
        row += 1
    return "".join(drawn) + _models(models)


def temporary_bars(messages: Sequence[Message], words: Words, models: Sequence[tuple[str, str]]) -> str:
    """Return the bars of a chat that is stored nowhere: its messages are called by their places, and have no versions.

    They are not spoken or translated from here either: those jobs would be written down.
    """
    drawn = ""
    for row, message in enumerate(messages):
        inner = _act("edit", str(row), words("chat_edit"), "pencil") if message.role == "user" else ""
        if message.role == "assistant":
            inner = _act("again", str(row), words("chat_again"), "again")
            if len(models) > 1:
                inner += _choice(str(row), words)
        inner = _names(message, words) + inner
        drawn += _bar(row, f"temporary-{row}", inner, words)
    return drawn + _models(models)


def _names(message: Message, words: Words) -> str:
    """Return the files that went with a message of a temporary chat; they are nowhere to be opened."""
    names = [file.name for file in message.attachments] + [words("form_image")] * len(message.images)
    chips = "".join(f'<span class="chip">{render.escape(name)}</span>' for name in names)
    return f'<span class="files">{chips}</span>' if chips else ""


def _bar(row: int, id: str, inner: str, words: Words) -> str:
    key = f"{id}-{zlib.crc32(inner.encode()):x}"
    return (
        f'<div class="facts" role="group" data-row="{row}" data-key="{render.escape(key)}" '
        f'aria-label="{render.escape(words("chat_actions"))}">{inner}</div>'
    )


def queue(opened: Opened, words: Words, *, running: bool) -> str:
    """Return the messages that wait, each to be taken out, and to be sent where nothing is being written."""
    rows = ""
    for message in opened.queued:
        send = "" if running else render.button(words("chat_queue_send"), "queue_send", message.id)
        drop = _act("queue_drop", message.id, words("chat_queue_drop"), "close")
        rows += f"<li><span>{render.escape(message.content[:200])}</span>{send}{drop}</li>"
    return f'<p class="muted">{render.escape(words("chat_queue"))}</p><ul>{rows}</ul>' if rows else ""


def _act(act: str, id: str, name: str, drawing: str) -> str:
    return render.button("", act, id, drawing=drawing, name=name)


def _versions(message: StoredMessage, siblings: Sequence[str], words: Words) -> str:
    """Return the switcher between a message's versions; "" where there is one only."""
    if len(siblings) < 2 or message.id not in siblings:
        return ""
    place, total = siblings.index(message.id), len(siblings)
    said = words("chat_branch", n=place + 1, total=total)

    def step(to: int, name: str, sign: str) -> str:
        if not 0 <= to < total:
            return (
                f'<button type="button" class="btn quiet" disabled aria-label="{render.escape(name)}">{sign}</button>'
            )
        return (
            f'<button type="button" class="btn quiet" data-act="choose" data-id="{render.escape(siblings[to])}" '
            f'aria-label="{render.escape(name)}" title="{render.escape(name)}">{sign}</button>'
        )

    before, after = step(place - 1, words("chat_branch_before"), "‹"), step(place + 1, words("chat_branch_next"), "›")
    return (
        f'<span class="versions" role="group" aria-label="{render.escape(said)}">{before}'
        f"<span>{place + 1}/{total}</span>{after}</span>"
    )


def _choice(id: str, words: Words) -> str:
    """Return the list of models to write a reply again with; ``messages.js`` fills it when it is opened."""
    name = render.escape(words("chat_again_with"))
    return (
        f'<select data-act="again" data-id="{render.escape(id)}" aria-label="{name}" title="{name}">'
        f'<option value="">{name}</option></select>'
    )


def _models(models: Sequence[tuple[str, str]]) -> str:
    """Return the models that every list of ``_choice`` is filled from: there may be hundreds, and 25 replies."""
    options = "".join(f'<option value="{render.escape(one)}">{render.escape(title)}</option>' for title, one in models)
    return f"<template data-models>{options}</template>" if len(models) > 1 else ""


def as_file(words: Words, id: str = "") -> str:
    """Return the button that makes a file of a message that is too long; without an id, of what is in the box."""
    return render.button(words("chat_as_file"), "as_file", id, kind="second")


def ending(last: StoredMessage | None, words: Words, models: Sequence[tuple[str, str]]) -> str:
    """Return what stands below the last message: who wrote it, what it cost, or why it ended early.

    Args:
        models: Title and id of those that can be asked; one that is not among them is told by its id.
    """
    if last is None:
        return ""
    if last.role == "user":  # as an imported conversation may end
        return render.button(words("chat_answer"), "again", last.id, kind="second")
    figures = last.figures
    spent = render.cost(_cost(last, words, models))
    if last.state == "growing":
        return render.notice("", words("chat_elsewhere"), kind="info")
    go_on = render.button(words("chat_go_on"), "go_on", last.id, kind="second") if last.can_go_on else ""
    if last.state == "cancelled":
        return render.cost([words("stopped")]) + spent
    if last.state == "interrupted":
        return render.notice("", words("interrupted"), kind="info", action=go_on)
    if last.state == "failed":
        again = go_on or render.button(words("chat_again"), "again", last.id, kind="second")
        if "too_long" in figures:
            again = as_file(words, last.id)
        return render.notice(words("error"), last.error_message or "", action=again)
    return spent


def _cost(message: StoredMessage, words: Words, models: Sequence[tuple[str, str]]) -> list[str]:
    """Return which model wrote a reply, and what that cost."""
    name = next((title for title, id in models if id == message.model), message.model)
    return [*([name] if name else []), *chat_cost(message.figures, words)]


def figures_of(view: View) -> dict[str, float | int | str | None]:
    """Return what the reply of a job has cost so far, as a stored reply keeps it."""
    usage = view.usage
    return {
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "context_tokens": usage.context_tokens,
        "first_output_s": view.first_output_s,
        "duration_s": view.duration_s,
        "left_out": usage.left_out,
    }


def chat_cost(figures: Mapping[str, float | int | str | None], words: Words) -> list[str]:
    """Return a reply's cost in words: tokens, time to the first one, speed, how full the context is."""
    tokens, first, took = figures.get("tokens_out"), figures.get("first_output_s"), figures.get("duration_s")
    parts = []
    if isinstance(tokens, int):
        parts.append(words.count("n_tokens", tokens))
    if isinstance(first, int | float):
        parts.append(words("first_after", n=words.duration(first)))
    if isinstance(tokens, int) and isinstance(first, int | float) and isinstance(took, int | float) and took > first:
        parts.append(words("per_second", n=words.number((tokens - 1) / (took - first))))
    read, context = figures.get("tokens_in"), figures.get("context_tokens")
    if isinstance(read, int) and isinstance(tokens, int) and isinstance(context, int) and context > 0:
        parts.append(words("chat_fill", n=words.number(max(1, round((read + tokens) / context * 100)))))
    if isinstance(left_out := figures.get("left_out"), int):
        parts.append(words.count("chat_context_left_out", left_out))
    if isinstance(cut := figures.get("cut"), str):
        parts.append(words("chat_was_cut", parts=cut))
    return parts
