"""What the Translate panel offers where it has no translation: a pair to fetch, the chat model, another target."""

from studio import Failed, ModelSpec, Pair, Studio, StudioError
from ui import render
from ui.translation import Shown
from ui.translation_choices import chat_model
from ui.words import Words

MOST_OFFERED = 4  # languages in place of one that makes no sense


def targets_of(studio: Studio, source: str) -> list[Pair]:
    """Return the pairs from a language, those that work now first."""
    return sorted((pair for pair in studio.pairs() if pair.source == source), key=lambda pair: not pair.installed)


def beginning(studio: Studio, words: Words) -> str:
    """Return the empty state: what to do, an example, and the page's own language where it is not here yet."""
    empty = render.empty(words("tr_empty"), words("tr_example"))
    ends = {("en", words.language), (words.language, "en")}
    missing = [pair for pair in studio.pairs() if (pair.source, pair.target) in ends and not pair.installed]
    if not missing or studio.settings.demo:
        return empty
    names = " ↔ ".join((words.language_name(words.language), words.language_name("en")))
    size = words.size(sum(pair.size_bytes for pair in missing))
    models = ",".join(model for pair in missing for model in pair.models)
    action = render.button(words("tr_fetch", size=size), "fetch", models, kind="second", drawing="down")
    return empty + render.notice("", words("tr_missing", pair=names), kind="info", action=action)


def refused(studio: Studio, error: StudioError | Failed, words: Words) -> str:
    """Return an error as a notice; a pair that can be fetched, or a better target, comes with its button."""
    details = error.details
    if details.get("field") == "target_lang" and (found := details.get("source_lang")):
        # Typed in the language that it was to be translated into: the other way is meant, as a rule.
        others = targets_of(studio, str(found))[:MOST_OFFERED]
        chips = "".join(render.button(words.language_name(p.target), "to", p.target, kind="quiet chip") for p in others)
        told = words("tr_already", language=words.language_name(str(found)))
        return render.notice("", told, kind="info", action=f'<span class="chips">{chips}</span>')
    source, target, models = details.get("source_lang"), details.get("target_lang"), details.get("models")
    if error.code != "model_not_installed" or not isinstance(models, str) or not models:
        return render.failure(words, error)
    size = words.size(int(details.get("size_bytes") or 0))
    names = " → ".join((words.language_name(str(source)), words.language_name(str(target))))
    action = render.button(words("tr_fetch", size=size), "fetch", models, kind="second", drawing="down")
    action += _by_chat(chat_model(studio), (str(source), str(target)), words)
    return render.notice("", words("tr_missing", pair=names), kind="info", action=action)


def _by_chat(chat: ModelSpec | None, pair: tuple[str, str], words: Words) -> str:
    """Offer the chat model in place of a pair that is not here, or say that it knows the languages not either."""
    if chat is None:
        return ""
    if unknown := unknown_to(chat, *pair):
        told = words("tr_chat_not", title=chat.title, language=words.language_name(unknown))
        return f'<span class="muted">{render.escape(told)}</span>'
    return render.button(words("tr_chat_use", title=chat.title), "engine", "chat", drawing="arrow")


def unknown_to(chat: ModelSpec, *languages: str) -> str:
    """Return the first of the languages that a chat model does not claim to know; "" where it claims none or all."""
    return next((each for each in languages if chat.languages and each not in chat.languages), "")


def doubt(spec: ModelSpec | None, shown: Shown, words: Words) -> str:
    """Return a warning where a chat model translated from or into a language that it does not claim to know."""
    if spec is None or spec.kind != "chat":
        return ""
    unknown = unknown_to(spec, shown.source or shown.target, shown.target)
    return words("tr_chat_doubt", title=spec.title, language=words.language_name(unknown)) if unknown else ""
