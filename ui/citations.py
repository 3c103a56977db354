"""Citations: [1] in a reply becomes a link to its passage; a number that stands for nothing stays as it is."""

import re
from collections.abc import Sequence

from studio import Source
from ui import render
from ui.words import Words

CITED = re.compile(r"\[(\d{1,3})\](?!\()")
CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)


def linked(text: str, sources: Sequence[Source], at: str) -> str:
    """Return Markdown whose citations lead to what they cite; code stays as it is.

    Args:
        at: The address of the documents.
    """
    places = {source.number: address(source, at) for source in sources if source.document_id is not None}
    if not places:
        return text

    def link(found: re.Match[str]) -> str:
        place = places.get(int(found[1]))
        return found[0] if place is None else f"[\\[{found[1]}\\]]({place})"

    parts = CODE.split(text)
    return "".join(part if number % 2 else CITED.sub(link, part) for number, part in enumerate(parts))


def listed(text: str, sources: Sequence[Source], words: Words, at: str) -> str:
    """Return the passages that a reply was written from, those that it cites first; "" where there are none."""
    if not sources:
        return ""
    cited = {int(found[1]) for found in CITED.finditer(text)}
    rows = []
    for source in sorted(sources, key=lambda source: (source.number not in cited, source.number)):
        place = render.escape(f"[{source.number}] {source.name}, {words.place(source.label)}")
        name = f"<b>{place}</b>"
        if source.document_id is None:
            name = f"{name} <small>{render.escape(words('source_gone'))}</small>"
        else:
            href = render.escape(address(source, at))
            name = f'<a href="{href}" target="_blank" rel="noopener">{name}</a>'
        rows.append(f"<li>{name}<p>{render.escape(' '.join(source.text.split())[:300])}</p></li>")
    head = render.escape(words.count("n_sources", len(sources)))
    return f'<details class="sources"><summary>{head}</summary><ul>{"".join(rows)}</ul></details>'


def address(source: Source, at: str) -> str:
    """Return where a passage is shown in its file."""
    return f"{at}/{source.document_id}/view?page={source.page}&start={source.start}&end={source.end}#passage"
