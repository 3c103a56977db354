"""What is told of one model, as HTML: its facts, what it did here over the last weeks, what it was measured at."""

from studio import Benchmark, ModelDetails, Statistics
from ui import render, voice_samples
from ui.words import Words

TEMPLATE_SHOWN = 1_500


def about(found: ModelDetails, words: Words, *, mine: bool) -> str:
    """Return what is known of a model, as a list of names and values."""
    info, spec = found.info, found.info.spec
    memory = ""
    if info.memory_bytes:
        memory = words("md_memory_now", size=words.size(info.memory_bytes))
    elif info.need_bytes:
        memory = words("md_memory_about", size=words.size(info.need_bytes))
    speed = words("md_speed", n=words.number(info.tokens_per_s, 1)) if info.tokens_per_s else ""
    facts = [
        ("md_id", spec.id),
        ("md_engine", spec.engine),
        ("md_source", found.source),
        ("md_size", words.size(spec.size_bytes) if spec.size_bytes else ""),
        ("md_memory", memory),
        ("md_languages", ", ".join(words.language_name(code) for code in spec.languages)),
        ("md_licence", spec.licence),
        ("md_calls", words.number(info.calls) if info.calls else ""),
        ("md_last_used", info.last_used_at[:16].replace("T", " ")),
        ("md_speed_here", speed),
        *((f"md_fact_{name}", str(value)) for name, value in found.facts.items() if name not in ("template", "name")),
    ]
    rows = "".join(
        f"<dt>{render.escape(words(key))}</dt><dd>{render.escape(value[:400])}</dd>" for key, value in facts if value
    )
    template = str(found.facts.get("template", ""))
    if template:
        text = render.escape(template[:TEMPLATE_SHOWN])
        rows += f"<dt>{render.escape(words('md_fact_template'))}</dt><dd><pre>{text}</pre></dd>"
    button = ""
    if mine and info.state == "installed":
        button = render.button(words("md_load"), "load", spec.id, name=words("md_load_it", title=spec.title))
    elif mine and info.state == "loaded":
        button = render.button(words("md_unload"), "unload", spec.id, name=words("md_unload_it", title=spec.title))
    if spec.kind == "speech" and spec.engine:
        button = voice_samples.button(spec.id, spec.title, words) + button
    note = words.note(spec.id, spec.note)
    lead = f"<p>{render.escape(note)}</p>" if note else ""
    return f'<h2>{render.escape(spec.title)}</h2>{lead}<dl class="facts">{rows}</dl>{button}'


def used(found: Statistics, words: Words) -> str:
    """Return what a model did over the last days; "" where nobody asked it."""
    if not found.calls:
        return ""
    errors = ", ".join(f"{words.error_title(code, code)} ({count})" for code, count in sorted(found.by_error.items()))
    tokens = words("md_tokens_of", read=words.number(found.tokens_in), written=words.number(found.tokens_out))
    facts = [
        ("md_calls", words.number(found.calls)),
        ("md_errors", f"{words.number(found.errors)}: {errors}" if errors else ""),
        ("md_tokens", tokens if found.tokens_in or found.tokens_out else ""),
        ("md_first_output", _seconds(found.first_output_s, found.first_output_p95_s, words)),
        ("md_latency", _seconds(found.latency_s, found.latency_p95_s, words)),
        ("md_load_time", _seconds(found.load_s, None, words)),
        ("md_speed_here", words("md_speed", n=words.number(found.tokens_per_s, 1)) if found.tokens_per_s else ""),
    ]
    rows = "".join(
        f"<dt>{render.escape(words(key))}</dt><dd>{render.escape(value)}</dd>" for key, value in facts if value
    )
    return f'<section><h3>{render.escape(words("md_used", n=found.days))}</h3><dl class="facts">{rows}</dl></section>'


def _seconds(median: float | None, p95: float | None, words: Words) -> str:
    if median is None:
        return ""
    shown = words("md_seconds", s=words.number(median, 3 if median < 1 else 1))
    if p95 is None or p95 <= median:
        return shown
    return f"{shown} ({words('md_p95', s=words.number(p95, 3 if p95 < 1 else 1))})"


def measured(found: list[Benchmark], words: Words) -> str:
    """Return what a model was measured at, the newest first: a table, with a bar for the speed."""
    if not found:
        return ""
    names = list(found[0].figures)
    most = {name: max(each.figures.get(name, 0.0) for each in found) or 1.0 for name in names}
    head = "".join(f"<th scope=col>{render.escape(words(f'md_figure_{name}'))}</th>" for name in names)
    rows = ""
    for each in found:
        when = render.escape(each.created_at[:16].replace("T", " "))
        cells = ""
        for name in names:
            value = each.figures.get(name, 0.0)
            share = round(100 * value / most[name])
            shown = words.number(value, 3 if value < 10 else 1)
            cells += f'<td>{shown}<span class="bar" aria-hidden="true"><i style="width:{share}%"></i></span></td>'
        rows += f'<tr><th scope="row">{when}</th>{cells}</tr>'
    title = render.escape(words("md_measured"))
    return (
        f'<section class="table"><h3>{title}</h3><div class="scroll"><table><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )
