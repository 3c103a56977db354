"""Gettext catalogues: what has no translation yet (or a doubtful one) gets one; the rest stays, comments too."""

import polib

from studio.translating.formats.encoding import decode
from studio.translating.formats.seam import Change, unreadable
from studio.translating.marked import bare, escaped

# How many plural forms a language has, and the rule for them; from the Unicode plural rules.
_PLURALS = {
    "pl": (3, "(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"),
    "cs": (3, "((n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2)"),
    "ru": (3, "(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"),
    "uk": (3, "(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2)"),
    "fr": (2, "(n > 1)"),
    **dict.fromkeys(("ja", "ko", "zh", "vi", "th", "id", "ms"), (1, "0")),
}
_TWO = (2, "(n != 1)")


def rewrite(data: bytes, change: Change, target_lang: str) -> bytes:
    """See ``seam``."""
    text = decode(data, "a gettext catalogue (.po)").text
    if "msgid" not in text:
        raise unreadable("a gettext catalogue (.po)", "it has no msgid. Choose the file again.")
    try:
        catalogue = polib.pofile(text, encoding="utf-8")
    except (OSError, ValueError, IndexError, AttributeError) as exc:
        raise unreadable("a gettext catalogue (.po)", f"{str(exc)[:120]}. Mend it and try again.") from exc
    count, rule = _PLURALS.get(target_lang.partition("-")[0].lower(), _TWO)
    catalogue.metadata.update(
        {"Language": target_lang, "Plural-Forms": f"nplurals={count}; plural={rule};"}
        | {"Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit"}
    )
    for entry in catalogue:
        if entry.obsolete or (entry.translated() and not entry.fuzzy):
            continue
        new = _translated(entry.msgid, change)
        if entry.msgid_plural:
            plural = _translated(entry.msgid_plural, change)
            if new is not None and plural is not None:
                entry.msgstr_plural = {form: new if form == 0 and count > 1 else plural for form in range(count)}
        elif new is not None:
            entry.msgstr = new
        if new is not None and entry.fuzzy:
            entry.flags.remove("fuzzy")
    return str(catalogue).encode()


def _translated(text: str, change: Change) -> str | None:
    """Gettext wants the same line break at start and end on both sides."""
    words = text.strip("\n")
    new = change(escaped(words)) if words else None
    if new is None:
        return None
    start = len(text) - len(text.lstrip("\n"))
    end = len(text) - len(text.rstrip("\n"))
    return "\n" * start + bare(new) + "\n" * end
