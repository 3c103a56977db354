"""A conversation as a file: Markdown, JSON with every branch, a page of HTML, a notebook that asks again.

All but JSON hold the branch in view. The HTML needs nothing from elsewhere and runs no script.
"""

import base64
import html
import json
import re
import uuid
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from store import ConversationTree, TreeMessage
from studio.chat_settings import ChatSettings, system_of

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

Format = Literal["markdown", "json", "html", "notebook"]
JSON_FORMAT, JSON_VERSION = "hearth-conversation", 2
VERSION_WITHOUT_FILES = 1
SUFFIX: dict[Format, str] = {"markdown": "md", "json": "json", "html": "html", "notebook": "ipynb"}
MIME: dict[Format, str] = {
    "markdown": "text/markdown",
    "json": "application/json",
    "html": "text/html",
    "notebook": "application/x-ipynb+json",
}
NAME_CHARACTERS = 60
UNTITLED = "conversation"
STYLE = """
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
body { font: 16px/1.6 system-ui, sans-serif; color-scheme: light dark; }
article { margin: 1.5rem 0; padding: 0.75rem 1rem; border: 1px solid #8886; border-radius: 12px; }
article { overflow-wrap: anywhere; }
.user { margin-left: 15%; background: #8881; }
article > h2:first-child { margin: 0 0 0.25rem; font-size: 0.8rem; font-weight: 600; opacity: 0.7; }
.text { white-space: pre-wrap; }
pre { overflow-x: auto; padding: 0.75rem; border-radius: 8px; background: #8882; }
code { font-size: 0.9em; overflow-wrap: normal; }
table { display: block; overflow-x: auto; border-collapse: collapse; }
th, td { padding: 0.25rem 0.75rem; border: 1px solid #8886; text-align: left; }
blockquote { margin: 0; padding-left: 1rem; border-left: 3px solid #8886; }
details { opacity: 0.7; }
"""


# As the dashboard knows formulas; a page without scripts can't draw them, so they stay as they are written.
FORMULA = re.compile(
    r"\\\(.{1,2000}?\\\)|\\\[.{1,2000}?\\\]|\$\$.{1,2000}?\$\$|\$(?=[^\s$])[^$\n`]{1,300}(?<=[^\s\\])\$(?![$\w])",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Exported:
    """A file: its name, its MIME type and its bytes."""

    name: str
    mime: str
    data: bytes


def export(tree: ConversationTree, form: Format) -> Exported:
    """Return a conversation as a file."""
    match form:
        case "markdown":
            text = _markdown(tree)
        case "json":
            text = to_json(tree)
        case "html":
            text = _page(tree)
        case "notebook":
            text = _notebook(tree)
    name = re.sub(r"[\W_]+", "-", tree.title[:NAME_CHARACTERS]).strip("-").lower() or UNTITLED
    return Exported(f"{name}.{SUFFIX[form]}", MIME[form], text.encode("utf-8", "replace"))


def to_json(tree: ConversationTree) -> str:
    """Return a conversation in Hearth's own format; ``parent`` and ``leaf`` are places in ``messages``, from 0.

    It has version 2 only where files or sources go along, so that an older Hearth reads all others.
    """
    files = any(message.attachments or message.sources for message in tree.messages)
    own = replace(tree, messages=())
    head = {"format": JSON_FORMAT, "version": JSON_VERSION if files else VERSION_WITHOUT_FILES, **asdict(own)}
    return json.dumps({**head, "messages": [_message(each) for each in tree.messages]}, indent=1, ensure_ascii=False)


def _message(message: TreeMessage) -> dict[str, object]:
    told = asdict(replace(message, attachments=(), sources=()))
    del told["attachments"], told["sources"]
    if message.attachments:
        told["attachments"] = [
            {
                "name": file.name,
                **asdict(file.read),
                "content": base64.b64encode(file.content).decode(),
            }
            for file in message.attachments
        ]
    if message.sources:
        told["sources"] = [{**asdict(source), "document_id": None} for source in message.sources]
    return told


def _along(message: TreeMessage) -> list[str]:
    """Return what stands below a message: its files by name, and the passages that it may cite."""
    names = ", ".join(file.name for file in message.attachments)
    files = [f"Attached: {names}"] if names else []
    return files + [
        f"[{source.number}] {source.name}, {source.label}: {' '.join(source.text.split())}"
        for source in message.sources
    ]


def _author(message: TreeMessage) -> str:
    if message.role == "user":
        return "You"
    return message.model or message.role.capitalize()


def _title(tree: ConversationTree) -> str:
    return " ".join(tree.title.split()) or UNTITLED.capitalize()


def _markdown(tree: ConversationTree) -> str:
    parts = [f"# {_title(tree)}"]
    for message in tree.branch():
        parts.append(f"## {_author(message)}")
        if message.reasoning:
            parts.append("\n".join(f"> {line}" for line in message.reasoning.split("\n")))
        parts.append(message.content or "…")
        parts += [re.sub(r"^\[(\d+)\]", r"\\[\1\\]", line) for line in _along(message)]
        if message.error_message:
            parts.append(f"*{message.error_message}*")
    return "\n\n".join(parts) + "\n"


def _page(tree: ConversationTree) -> str:
    articles = []
    for message in tree.branch():
        inner = f"<h2>{html.escape(_author(message))}</h2>"
        if message.reasoning:
            thought = html.escape(message.reasoning)
            inner += f'<details><summary>Thinking</summary><div class="text">{thought}</div></details>'
        if message.role == "assistant" and message.content:
            inner += str(_reader().render(message.content))
        else:
            inner += f'<div class="text">{html.escape(message.content or "…")}</div>'
        inner += "".join(f"<p><small>{html.escape(line)}</small></p>" for line in _along(message))
        if message.error_message:
            inner += f"<p><em>{html.escape(message.error_message)}</em></p>"
        articles.append(f'<article class="{message.role}">{inner}</article>')
    title = html.escape(_title(tree))
    return (
        '<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        + "\n".join(articles)
        + "\n</body>\n</html>\n"
    )


@cache
def _reader() -> "MarkdownIt":
    """Return what formats a reply, as the dashboard does; markup in it is text, and a picture is a link to it."""
    from markdown_it import MarkdownIt  # no start waits for it

    options = {"html": False, "breaks": True}
    reader = MarkdownIt("commonmark", options).enable(["table", "strikethrough"]).disable("image")
    reader.inline.ruler.before("escape", "formula", _formula)
    return reader


def _formula(state: "StateInline", silent: bool) -> bool:
    found = FORMULA.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("text", "", 0).content = found[0]
    state.pos = found.end()
    return True


def _notebook(tree: ConversationTree) -> str:
    system = system_of(tree.settings)
    first = [{"role": "system", "content": system}] if system.strip() else []
    settings = ChatSettings.of(tree.settings)
    kept = replace(settings, collections=()).kept()
    branch = tree.branch()
    files = any(message.attachments for message in branch)
    names = ("Attachment", "Message", "Studio") if files else ("Studio",)
    begin = f"from studio import {', '.join(names)}\n\ns = Studio.open()\nsettings = {kept!r}\nmessages = {first!r}"
    about = f"# {_title(tree)}\n\nEach cell asks again; below it stands the reply that was kept."
    if settings.collections:
        about += " The collections that were asked are left out: `s.ask` asks one."
    cells = [_cell("markdown", about), _cell("code", f"import base64\n\n{begin}" if files else begin)]
    for message in branch:
        if not message.content.strip() and not message.attachments:
            continue
        if message.role == "user":
            asked = (
                f"messages.append({_said(message)})\nreply = s.chat(messages, **settings)\n"
                'messages.append({"role": "assistant", "content": reply.text})\nreply'
            )
            cells.append(_cell("code", asked))
        elif message.role == "assistant":
            cells.append(_cell("markdown", f"**{_author(message)}**\n\n{message.content}"))
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def _said(message: TreeMessage) -> str:
    """Return what a person said as Python writes it, the files in it too."""
    if not message.attachments:
        return f'{{"role": "user", "content": {message.content!r}}}'
    texts, pictures = "", ""
    for file in message.attachments:
        if file.read.form == "image":
            pictures += f'base64.b64decode("{base64.b64encode(file.content).decode()}"), '
        else:
            text = "\n".join(page.text for page in file.read.pages)
            texts += f"Attachment({file.name!r}, {text!r}), "
    return f'Message("user", {message.content!r}, attachments=({texts}), images=({pictures}))'


def _cell(kind: Literal["markdown", "code"], source: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "id": uuid.uuid4().hex[:8], "metadata": {}, "source": source}
    return {**cell, "execution_count": None, "outputs": []} if kind == "code" else cell
