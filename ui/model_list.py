"""The list of models as the panel draws it: by job, filtered, each with its state, what it takes and what it did."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio import Kind, ModelInfo
from ui import render
from ui.words import Words

KINDS: tuple[Kind, ...] = ("chat", "translation", "image", "speech", "transcription", "embedding")
SERVER_MODELS_SHOWN = 12
NOT_HERE = ("available", "downloading", "paused")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: a job ("": all), ``all``, ``here`` or ``fits``, and words."""

    kind: str = ""
    only: str = "all"
    find: str = ""

    def takes(self, info: ModelInfo, words: Words) -> bool:
        """Whether a model is what is looked for."""
        spec = info.spec
        if self.kind and spec.kind != self.kind:
            return False
        if self.only == "here" and info.state in NOT_HERE:
            return False
        if self.only == "fits" and info.fit == "too_big":
            return False
        names = " ".join(words.language_name(code) for code in spec.languages)
        text = f"{spec.id} {spec.title} {spec.licence} {spec.note} {info.remark} {' '.join(spec.languages)} {names}"
        return all(word in text.lower() for word in (self.find or "").lower().split())

    @property
    def narrow(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.kind or self.only != "all" or (self.find or "").strip())


def sections(infos: Sequence[ModelInfo], wanted: Wanted, words: Words) -> str:
    """Return the whole list."""
    found = [info for info in infos if wanted.takes(info, words)]
    if not found:
        return render.notice("", words("mo_nothing"), kind="info")
    shown = ""
    for kind in KINDS:
        of_kind = [info for info in found if info.spec.kind == kind]
        if of_kind or not wanted.narrow:
            shown += _section(words(f"mo_kind_{kind}"), of_kind, words, open_all=bool((wanted.find or "").strip()))
    return shown


def _section(heading: str, infos: Sequence[ModelInfo], words: Words, *, open_all: bool) -> str:
    """Return one job's models: those here and those to take first; the rest folded away."""
    open_ones = [info for info in infos if info.state not in ("available",) or info.recommended or info.starter]
    rest = [info for info in infos if info not in open_ones]
    elsewhere = [info for info in open_ones if info.spec.remote]
    if len(elsewhere) > SERVER_MODELS_SHOWN:
        open_ones = [info for info in open_ones if not info.spec.remote]
    else:
        elsewhere = []
    rows = "".join(_row(info, words) for info in open_ones)
    none = f'<p class="muted">{render.escape(words("mo_none"))}</p>' if not (elsewhere or rest) or not open_all else ""
    more = ""
    for key, folded in (("mo_elsewhere", elsewhere), ("mo_more", rest)):
        if folded:
            text = render.escape(words(key, n=len(folded)))
            inner = "".join(_row(info, words) for info in folded)
            is_open = " open" if open_all else ""
            more += f'<details{is_open}><summary>{text}</summary><ul class="models">{inner}</ul></details>'
    body = f'<ul class="models">{rows}</ul>' if rows else none
    return f'<section class="kind"><h2>{render.escape(heading)}</h2>{body}{more}</section>'


def _row(info: ModelInfo, words: Words) -> str:
    spec, state = info.spec, info.state
    size = words.size(spec.size_bytes) if spec.size_bytes else ""
    if size and info.approximate:
        size = words("mo_about_size", size=size)
    languages = ", ".join(words.language_name(code) for code in spec.languages[:4])
    if len(spec.languages) > 4:
        languages += f" +{len(spec.languages) - 4}"
    tags = [words("mo_default")] if info.is_default else []
    if info.pinned:
        tags.append(words("mo_pinned"))
    fit = ""
    if state in NOT_HERE and info.fit in ("fits", "tight", "too_big"):
        fit = f'<span class="tag fit-{info.fit}">{render.escape(words(f"mo_fit_{info.fit}"))}</span>'
    speed = words("md_speed", n=words.number(info.tokens_per_s, 0)) if info.tokens_per_s else ""
    used = words("mo_used", when=info.last_used_at[:10]) if info.last_used_at else ""
    facts = render.cost([size, languages, spec.licence, speed, used])
    note = " ".join(part for part in (words.note(spec.id, spec.note), info.remark) if part)
    error = f'<p class="bad">{render.escape(info.error)}</p>' if info.error else ""
    marks = "".join(f'<span class="tag">{render.escape(tag)}</span>' for tag in tags) + fit
    return (
        f'<li class="model"><div><p class="name">{render.escape(spec.title)}'
        f'<span class="state {state}">{render.escape(words(f"mo_state_{state}"))}</span>{marks}</p>'
        f"{facts}{f'<p class=note>{render.escape(note)}</p>' if note else ''}{error}</div>"
        f'<div class="tools">{_buttons(info, words)}</div></li>'
    )


def _buttons(info: ModelInfo, words: Words) -> str:
    spec = info.spec
    name = words("mo_details_of", title=spec.title)
    details = render.button(words("mo_details"), "details", spec.id, drawing="info", name=name)
    if info.state in ("available", "damaged", "paused", "missing") and spec.engine:
        name = words("mo_download", title=spec.title)
        return render.button(words("download"), "fetch", spec.id, kind="second", drawing="down", name=name) + details
    return details
