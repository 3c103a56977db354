"""A page of a file to be looked at, with the passage that an answer cites marked: plain HTML, no script."""

import html
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from api.caller import caller_of, studio_of
from studio import NotFound

router = APIRouter(prefix="/documents", tags=["documents"])
PLACE = Annotated[int, Query(ge=0, le=100_000_000)]
STYLE = """
:root { color-scheme: light dark; --page: #FAF7F2; --ink: #1F1B16; --muted: #6B6258; --line: #E7E0D6; --mark: #FFE1C7;
  --accent: #C2410C; }
@media (prefers-color-scheme: dark) { :root { --page: #171412; --ink: #F3EDE4; --muted: #B3A799; --line: #37302A;
  --mark: #6B3410; --accent: #F08A4B; } }
body { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.6 "IBM Plex Sans", system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0; overflow-wrap: anywhere; }
header p, nav { color: var(--muted); margin: 0.25rem 0 1rem; font-size: 0.9rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; border-top: 1px solid var(--line); margin: 0;
  padding-top: 1rem; }
pre.code { font: 0.85rem/1.55 "IBM Plex Mono", ui-monospace, monospace; }
mark { background: var(--mark); color: inherit; border-radius: 3px; padding: 0.1em 0; scroll-margin: 30vh; }
a { color: var(--accent); }
nav { display: flex; gap: 1rem; flex-wrap: wrap; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
WORDS = {"en": ("Previous", "Next", "The file itself"), "pl": ("Poprzednia", "Następna", "Sam plik")}


@router.get("/{document_id}/view", response_class=HTMLResponse)
def view(request: Request, document_id: str, page: PLACE = 0, start: PLACE = 0, end: PLACE = 0) -> Response:
    """A page of a file's text as HTML, the characters from ``start`` to ``end`` marked."""
    documents, owner = studio_of(request).documents, caller_of(request).owner
    document = documents.get(document_id, owner)
    pages = documents.pages(document_id, owner)
    if page >= len(pages):
        raise NotFound(f"{document.name} has no page {page}. It has {len(pages)}, from 0.")
    text, label = pages[page].text, pages[page].label
    before, marked, after = text[:start], text[start:end], text[max(start, end) :]
    shown = html.escape(before) + (f'<mark id="passage">{html.escape(marked)}</mark>' if marked else "")
    shown += html.escape(after)
    language = "pl" if request.cookies.get("hearth_lang") == "pl" else "en"
    back, on, whole = WORDS[language]
    links = [f'<a href="view?page={page - 1}">{back}</a>'] if page else []
    links += [f'<a href="view?page={page + 1}">{on}</a>'] if page + 1 < len(pages) else []
    links.append(f'<a href="content">{whole}</a>')
    name, kind = html.escape(document.name), ' class="code"' if document.form in ("code", "csv", "sheet") else ""
    body = (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{name}</title>'
        f"<style>{STYLE}</style></head><body><header><h1>{name}</h1><p>{html.escape(label)} · {page + 1}/{len(pages)}"
        f"</p><nav>{''.join(links)}</nav></header><pre{kind}>{shown}</pre></body></html>"
    )
    return HTMLResponse(body, headers={"Content-Security-Policy": POLICY, "Cache-Control": "private, no-store"})
