"""PDF as text: what can be read of its pages, as paragraphs of a text file; its pictures and layout are not kept.

It is read as an attached one is, in a process of its own (``engines.documents``).
"""

import re
import tempfile
from pathlib import Path

from contract.engine import Stop
from contract.errors import InputTooLarge, InvalidRequest
from engines import documents
from studio.translating.formats import plain
from studio.translating.formats.seam import Change, unreadable

_PAGES = 3_000
_HYPHEN = re.compile(r"(?<=[a-ząćęłńóśźżà-ÿ])-\n(?=[a-ząćęłńóśźżà-ÿ])")
# The error table: why it can't be read, in the words of ``documents.REASONS``, and what a person is told.
_WHY = {
    "encrypted": "it is protected by a password. Remove that and try again.",
    "no_text": "no page has text; it may be a scan. Choose one with text.",
    "too_long": "it has more than 4,000,000 characters or 5,000 pages. Split it.",
    "too_much": "it takes too much memory. Split it.",
    "too_slow": f"that took over {documents.TIMEOUT_S:.0f} s. Split it.",
}
_DAMAGED = "it is damaged or of another kind. Choose the file again."


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``; what comes out is plain text in UTF-8."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document.pdf"
        path.write_bytes(data)
        try:
            read = documents.read(path, path.name, Stop())
        except InvalidRequest as exc:
            raise unreadable("a PDF", _WHY.get(str(exc.details.get("reason")), _DAMAGED)) from exc
    if read is None or read.form != "pdf":
        raise unreadable("a PDF", _DAMAGED)
    if len(read.pages) > _PAGES:
        raise InputTooLarge(
            f"The document has {len(read.pages):,} pages; the limit is {_PAGES:,}. Split it.", field="file"
        )
    text = "\n\n".join(_HYPHEN.sub("", page.text).strip() for page in read.pages if page.text.strip())
    if not any(letter.isalpha() for letter in text):
        raise unreadable("a PDF", _WHY["no_text"])
    return plain.rewrite(text.encode("utf-8", "replace"), change, target_lang)
