"""Words in the person's language: the browser picks what stands on the page, the server what is said later.

Gradio translates labels in the browser, by ``navigator.language`` alone. So the page's own switch
sets a cookie, and ``language_head`` makes that cookie the language that Gradio sees; handlers read
the same cookie, so that both always agree.
"""

import html
import json
from typing import Literal

import gradio as gr
from gradio.i18n import I18nData

from ui.languages import NAMES
from ui.phrases import PHRASES

Language = Literal["en", "pl"]
LANGUAGES: tuple[Language, ...] = ("en", "pl")
COOKIE = "hearth_lang"

# Filled by ``label``, for the whole of it travels with each page: only what the browser needs.
_LABELS: dict[Language, dict[str, str]] = {language: {} for language in LANGUAGES}
I18N = gr.I18n(en=_LABELS["en"], pl=_LABELS["pl"])


def label(key: str) -> I18nData:
    """Return a phrase for a component's label, translated by the browser."""
    for language in LANGUAGES:
        _LABELS[language][key] = Words(language)(key)
    return I18N(key)


def both(key: str) -> str:
    """Return a phrase as HTML in both languages, for what stands on the page: CSS shows the page's own."""
    return "".join(
        f'<span class="w" lang="{language}">{html.escape(text)}</span>'
        for language, text in zip(LANGUAGES, PHRASES[key], strict=True)
    )


class Words:
    """The phrases of one language, filled in by the server."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._index = LANGUAGES.index(language)

    def __call__(self, key: str, **values: str | int | float) -> str:
        """Return a phrase with its values filled in; whoever shows it as HTML escapes it."""
        return PHRASES[key][self._index].format(**values) if values else PHRASES[key][self._index]

    def count(self, key: str, n: int) -> str:
        """Return a counting phrase in the form that ``n`` asks for."""
        forms = PHRASES[key][self._index].split("|")
        return forms[self._plural(n) if len(forms) > 1 else 0].format(n=self.number(n))

    def _plural(self, n: int) -> int:
        if self.language == "en":
            return 0 if n == 1 else 1
        # Polish: 1 token; 2-4, 22-24, … tokeny; the rest, 12-14 among them, tokenów.
        if n == 1:
            return 0
        return 1 if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else 2

    def number(self, value: float, digits: int = 0) -> str:
        """Return a figure with this language's decimal sign and thin spaces between thousands."""
        text = f"{value:,.{digits}f}".replace(",", "\u202f")
        return text.replace(".", ",") if self.language == "pl" else text

    def duration(self, seconds: float) -> str:
        """Return a duration with its unit: milliseconds where they are few."""
        if seconds < 0.0995:
            return f"{self.number(max(1, seconds * 1000))} ms"
        return f"{self.number(seconds, 1 if seconds < 100 else 0)} s"

    def size(self, size_bytes: int) -> str:
        """Return bytes as MB or GB of 10**6 and 10**9, as downloads are sold."""
        if size_bytes >= 1_000_000_000:
            return f"{self.number(size_bytes / 1e9, 1)} GB"
        return f"{self.number(max(1, round(size_bytes / 1e6)))} MB"

    def file_size(self, size_bytes: int) -> str:
        """Return bytes of a small file: in kB up to one MB."""
        if size_bytes >= 1_000_000:
            return f"{self.number(size_bytes / 1e6, 1)} MB"
        return f"{self.number(max(1, round(size_bytes / 1e3)))} kB"

    def place(self, text: str) -> str:
        """Return a place in a file, "page 3" or "section Heating", in this language."""
        what, _, rest = text.partition(" ")
        return self(f"place_{what}", n=rest) if rest and f"place_{what}" in PHRASES else text

    def language_name(self, code: str) -> str:
        """Return a language's name, or its code where none is known."""
        return NAMES[code][self._index] if code in NAMES else code

    def error_title(self, code: str, title: str) -> str:
        """Return an error's title by its code; ``title`` stands for codes that have no phrase."""
        key = f"error_{code}"
        return self(key) if key in PHRASES else title

    def note(self, model: str, note: str) -> str:
        """Return what a model is not good for, by its id; ``note`` is what its spec says, in English."""
        key = "note_echo" if model.startswith("echo-") else f"note_{model}"
        return self(key) if key in PHRASES else note


def language_of(request: gr.Request | None) -> Language:
    """Return the language of a request: the switch's cookie, then the browser's list, then English."""
    if request is None:
        return "en"
    cookies, headers = getattr(request, "cookies", None) or {}, getattr(request, "headers", None) or {}
    wanted = [cookies.get(COOKIE, ""), *(headers.get("accept-language") or "").split(",")]
    for entry in wanted:
        for language in LANGUAGES:
            if entry.strip().lower().split(";")[0].split("-")[0] == language:
                return language
    return "en"


def words_of(request: gr.Request | None) -> Words:
    """Return the phrases in the language of a request."""
    return Words(language_of(request))


def language_head(language: str | None) -> str:
    """Return the script that must stand right after ``<head>``, before anything of Gradio's runs.

    It makes the chosen language the one that Gradio sees (None: the browser's own), and the chosen
    theme the one that the page starts in, so that nothing flashes.

    Args:
        language: The value of the cookie ``hearth_lang``; anything that is not a language is ignored.
    """
    chosen = language if language in LANGUAGES else None
    return f"""<script>(() => {{
  const chosen = {json.dumps(chosen)};
  if (chosen) {{
    Object.defineProperty(navigator, "language", {{ get: () => chosen, configurable: true }});
    Object.defineProperty(navigator, "languages", {{ get: () => [chosen], configurable: true }});
  }}
  document.documentElement.lang = navigator.language.toLowerCase().startsWith("pl") ? "pl" : "en";
  let theme = null;
  try {{ theme = localStorage.getItem("hearth-theme"); }} catch {{ /* storage is off: the system's theme */ }}
  const real = window.matchMedia.bind(window);
  const system = real("(prefers-color-scheme: dark)");
  window.hearthSystemDark = () => system.matches;
  if (theme === "light" || theme === "dark") {{
    window.matchMedia = (query) => {{
      const list = real(query);
      if (!/prefers-color-scheme/.test(query)) return list;
      const matches = /dark/.test(query) === (theme === "dark");
      return new Proxy(list, {{
        get: (target, name) => {{
          if (name === "matches") return matches;
          const value = target[name];
          return typeof value === "function" ? value.bind(target) : value;
        }},
      }});
    }};
  }}
  const dark = theme === "dark" || (theme !== "light" && system.matches);
  document.documentElement.classList.toggle("dark", dark);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
}})();</script>"""
