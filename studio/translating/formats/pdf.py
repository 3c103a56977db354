"""PDF as text: what can be read of its pages, as paragraphs of a text file; its pictures and layout are not kept."""

import io
import re

from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError, PyPdfError

from contract.errors import InputTooLarge
from studio.translating.formats import plain
from studio.translating.formats.seam import Change, unreadable

_PAGES = 3_000
_HYPHEN = re.compile(r"(?<=[a-ząćęłńóśźżà-ÿ])-\n(?=[a-ząćęłńóśźżà-ÿ])")


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``; what comes out is plain text in UTF-8."""
    if not data[:1024].lstrip().startswith(b"%PDF-"):
        raise unreadable("a PDF", "it is damaged or of another kind. Choose the file again.")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise unreadable("a PDF", "it is protected by a password. Remove that and try again.")
        if len(reader.pages) > _PAGES:
            raise InputTooLarge(
                f"The document has {len(reader.pages):,} pages; the limit is {_PAGES:,}. Split it.", field="file"
            )
        texts = [page.extract_text() for page in reader.pages]
    except FileNotDecryptedError as exc:
        raise unreadable("a PDF", "it is protected by a password. Remove that and try again.") from exc
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as exc:
        raise unreadable("a PDF", f"it is damaged ({str(exc)[:120]}). Choose the file again.") from exc
    text = "\n\n".join(_HYPHEN.sub("", page).strip() for page in texts if page.strip())
    if not any(letter.isalpha() for letter in text):
        raise unreadable("a PDF", "no page has text; it may be a scan. Choose one with text.")
    return plain.rewrite(text.encode("utf-8", "replace"), change, target_lang)
