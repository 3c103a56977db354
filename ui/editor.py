"""HTML of the audio editor: the library's list, the waveform with its buttons, the steps and the forms of new ones."""

import json
from collections.abc import Mapping, Sequence

from studio import Plan, Recording, step_told, steps_of
from ui import render
from ui.step_words import describe
from ui.words import Words

# Each form's fields: name, phrase, least, most, step, value ("" may be left out).
Field = tuple[str, str, float, float, float, float | None]
FORMS: Mapping[str, tuple[Field, ...]] = {
    "gain": (("db", "ed_db", -60, 40, 0.5, 3),),
    "normalise": (("lufs", "ed_lufs", -50, -5, 0.5, -16),),
    "fade": (("in_s", "ed_in_s", 0, 3600, 0.1, 0), ("out_s", "ed_out_s", 0, 3600, 0.1, 2)),
    "speed": (("factor", "ed_factor", 0.25, 4, 0.05, 1.25),),
    "pitch": (("semitones", "ed_semitones", -24, 24, 0.5, 2),),
    "denoise": (("strength_db", "ed_strength_db", 1, 60, 1, 12),),
    "remove_silence": (
        ("threshold_db", "ed_threshold_db", -100, -10, 1, -45),
        ("longer_than_s", "ed_longer_than_s", 0.05, 60, 0.05, 0.5),
        ("keep_s", "ed_keep_s", 0, 60, 0.05, 0.2),
    ),
    "reverse": (),
    "split": (("parts", "ed_parts", 2, 1000, 1, 2), ("every_s", "ed_every_s", 0.1, 43_200, 0.1, None)),
}
FORMATS = (("mp3", "MP3"), ("wav", "WAV"), ("flac", "FLAC"), ("opus", "Opus"), ("m4a", "M4A"))


def library(found: Sequence[Recording], shown: str, words: Words) -> str:
    """Return the list of recordings, the shown one marked, and what can be done to several."""
    rows = "".join(_row(each, each.id == shown, words) for each in found)
    several = ""
    if len(found) > 1:
        several = (
            f'<div class="ed-several">{_picked("batch", "ed_batch", words)}{_picked("join", "ed_join", words)}</div>'
        )
    return f'<h2>{render.escape(words("ed_title"))}</h2><ul class="papers ed-list">{rows}</ul>{several}'


def _row(recording: Recording, shown: bool, words: Words) -> str:
    name, info = render.escape(recording.name), recording.info
    tick = render.escape(words("ed_tick", name=recording.name))
    current = ' aria-current="true"' if shown else ""
    figures = [render.clock(_float(info["seconds"])), form_name(info)]
    opened = render.escape(words("ed_open", name=recording.name))
    return (
        f'<li{current}><input type="checkbox" class="ed-pick" value="{recording.id}" aria-label="{tick}">'
        f'<button type="button" class="btn quiet ed-open" data-act="open" data-id="{recording.id}" title="{opened}">'
        f"<span>{name}</span><small>{render.escape(' · '.join(figures))}</small></button>"
        f"{render.button('', 'delete', recording.id, drawing='bin', name=words('ed_delete', name=recording.name))}</li>"
    )


def _picked(act: str, phrase: str, words: Words) -> str:
    text = render.escape(words(phrase))
    return f'<button type="button" class="btn second" data-picked="{act}" disabled><span>{text}</span></button>'


def bench(recording: Recording, names: Mapping[str, str], words: Words, base: str) -> str:
    """Return the editor of one recording.

    Args:
        names: Of recordings by their ids.
        base: The address that all of ours begin with.
    """
    home = f"{base}audio/recordings/{recording.id}"
    edited = recording.result_info is not None and len(recording.results) >= 1
    versions = {"original": {"wave": f"{home}/waveform?version=original", "sound": f"{home}/original",
                             "picture": f"{home}/spectrogram.png?version=original",
                             "seconds": recording.info["seconds"]}}  # fmt: skip
    if edited and recording.result_info is not None:
        sound = f"{base}files/{recording.results[0]}"
        stamp = f"&r={recording.revision}"
        versions["edited"] = {
            "wave": f"{home}/waveform?version=edited{stamp}",
            "sound": sound,
            "picture": f"{home}/spectrogram.png?version=edited{stamp}",
            "seconds": recording.result_info["seconds"],
        }
    data = render.escape(json.dumps(versions))
    shown = "edited" if edited else "original"
    return (
        f'<section class="editor" data-versions="{data}" data-shown="{shown}" '
        f'aria-label="{render.escape(recording.name)}">'
        f"<header><h2>{render.escape(recording.name)}</h2>{_facts(recording, words)}</header>"
        f"{_stage(words, several=edited)}{_selection(words)}{_steps(recording, names, words)}"
        f"{_saving(recording, words, base)}{_forms(words)}</section>"
    )


def _facts(recording: Recording, words: Words) -> str:
    info = recording.result_info or recording.info
    rate = f"{words.number(_float(info['sample_rate_hz']) / 1000, 1)} kHz"
    loud = info["lufs"]
    parts = [
        f"{words.number(_float(info['seconds']), 2)} s",
        form_name(info),
        rate,
        words.count("ed_channels", int(_float(info["channels"]))),
        f"{words.number(_float(info['bit_rate']) / 1000)} kbit/s",
        words("ed_silent") if loud is None else f"{words.number(_float(loud), 1)} LUFS".replace("-", "−"),
    ]
    if info["peak_db"] is not None:
        parts.append(words("ed_peak", n=words.number(_float(info["peak_db"]), 1)).replace("-", "−"))
    tags = info["tags"]
    told = [f"{name}: {text}" for name, text in tags.items()] if isinstance(tags, Mapping) else []
    more = (
        f'<p class="cost">{render.escape(words("ed_tags"))}: {render.escape(" · ".join(told[:8]))}</p>' if told else ""
    )
    return render.cost(parts) + more


def _stage(words: Words, *, several: bool) -> str:
    def zoom(act: str, sign: str) -> str:
        name = render.escape(words(f"ed_zoom_{act}"))
        return (
            f'<button type="button" class="btn quiet" data-zoom="{act}" aria-label="{name}" title="{name}">'
            f"<span>{sign}</span></button>"
        )

    versions = ""
    if several:
        versions = "".join(
            f'<button type="button" class="btn quiet" data-version="{version}" aria-pressed="false">'
            f"<span>{render.escape(words(f'ed_{version}'))}</span></button>"
            for version in ("original", "edited")
        )
    wave, spectrum = render.escape(words("ed_wave")), render.escape(words("ed_spectrum"))
    zooms = zoom("in", "+") + zoom("out", "−") + zoom("all", "⤢")
    return (
        f'<div class="ed-bar"><div class="ed-versions" role="group">{versions}</div>'
        f'<div role="group">{zooms}</div></div>'
        f'<div class="ed-stage"><canvas class="ed-wave" tabindex="0" role="application" aria-label="{wave}"></canvas>'
        f'<div class="ed-spectrum"><img alt="{spectrum}"></div></div>'
        f'<audio class="ed-sound" controls preload="metadata"></audio>'
    )


def _selection(words: Words) -> str:
    def field(name: str) -> str:
        text = render.escape(words(f"ed_{name}"))
        kind = f'type="number" class="ed-{name}" min="0" step="0.01" inputmode="decimal"'
        return f"<label>{text}<input {kind}></label>"

    def over(act: str, phrase: str, kind: str = "second") -> str:
        text = render.escape(words(phrase))
        return f'<button type="button" class="btn {kind}" data-over="{act}"><span>{text}</span></button>'

    buttons = over("trim", "ed_keep") + over("cut", "ed_cut") + over("play", "ed_play_selection", "quiet")
    nothing = render.escape(words("ed_nothing_selected"))
    return (
        f'<fieldset class="ed-selection" data-nothing="{nothing}">'
        f"<legend>{render.escape(words('ed_selection'))}</legend>"
        f'{field("from")}{field("to")}<div class="actions">{buttons}</div><p class="hint" role="status"></p></fieldset>'
    )


def _steps(recording: Recording, names: Mapping[str, str], words: Words) -> str:
    steps = steps_of(recording)
    rows = ""
    for number, step in enumerate(steps):
        text = describe(step, words, names)
        up = render.button("↑", "up", str(number), name=words("ed_up", step=text)) if number else ""
        down = (
            render.button("↓", "down", str(number), name=words("ed_down", step=text)) if number + 1 < len(steps) else ""
        )
        bin_ = render.button("", "remove", str(number), drawing="close", name=words("ed_remove", step=text))
        rows += f'<li><span>{render.escape(text)}</span><div class="paper-actions">{up}{down}{bin_}</div></li>'
    history = render.button(words("ed_undo"), "undo") if recording.undo else ""
    history += render.button(words("ed_redo"), "redo") if recording.redo else ""
    told = (
        f'<ol class="papers ed-steps">{rows}</ol>'
        if rows
        else f'<p class="hint">{render.escape(words("ed_no_steps"))}</p>'
    )
    problem = ""
    if recording.state in ("failed", "cancelled", "interrupted"):
        message = recording.error or words("stopped")
        problem = render.notice("", message, action=render.button(words("ed_again"), "again"))
    return f"<div class='ed-head'><h3>{render.escape(words('ed_steps'))}</h3><div>{history}</div></div>{told}{problem}"


def _saving(recording: Recording, words: Words, base: str) -> str:
    links = "".join(
        _link(f"{base}files/{each}?download=1", words("ed_save", name=_part_name(recording, number)))
        for number, each in enumerate(recording.results, 1)
    )
    links += _link(f"{base}audio/recordings/{recording.id}/original?download=1", words("ed_save_original"), "quiet")
    return f'<div class="downloads">{links}</div>'


def _part_name(recording: Recording, number: int) -> str:
    info = recording.result_info or recording.info
    several = f" {number}" if len(recording.results) > 1 else ""
    return f"{form_name(info)}{several}"


def _link(address: str, text: str, kind: str = "second") -> str:
    return (
        f'<a class="btn {kind}" href="{render.escape(address)}" download>{render.icon("down")}'
        f"<span>{render.escape(text)}</span></a>"
    )


def _forms(words: Words) -> str:
    forms = "".join(_form(op, fields, words) for op, fields in FORMS.items())
    options = "".join(f'<option value="{value}">{name}</option>' for value, name in FORMATS)
    convert = (
        f'<label>{render.escape(words("ed_format"))}<select name="format">{options}</select></label>'
        f"{_number(('bit_rate_kbps', 'ed_bit_rate_kbps', 8, 512, 8, None), words)}"
        f'<label>{render.escape(words("ed_t_title"))}<input name="tag-title" maxlength="200"></label>'
        f'<label>{render.escape(words("ed_t_artist"))}<input name="tag-artist" maxlength="200"></label>'
    )
    forms += _wrapped("convert", convert, words)
    summary = f"{render.icon('plus')}<span>{render.escape(words('ed_more'))}</span>"
    return (
        f'<details class="ed-more"><summary class="btn second">{summary}</summary>'
        f'<div class="ed-forms">{forms}</div></details>'
    )


def _form(op: str, fields: Sequence[Field], words: Words) -> str:
    hint = f'<p class="hint">{render.escape(words("ed_lufs_hint"))}</p>' if op == "normalise" else ""
    return _wrapped(op, "".join(_number(each, words) for each in fields), words, hint)


def _wrapped(op: str, inside: str, words: Words, hint: str = "") -> str:
    return (
        f'<form class="ed-form" data-op="{op}"><fieldset><legend>{render.escape(words(f"ed_f_{op}"))}</legend>{inside}'
        f'<button type="submit" class="btn second"><span>{render.escape(words("ed_add"))}</span></button>'
        f"{hint}</fieldset></form>"
    )


def _number(field: Field, words: Words) -> str:
    name, phrase, least, most, step, value = field
    shown = "" if value is None else f"{value:g}"
    return (
        f'<label>{render.escape(words(phrase))}<input type="number" name="{name}" min="{least:g}" max="{most:g}" '
        f'step="{step:g}" value="{shown}" inputmode="decimal"></label>'
    )


def plan(found: Plan, names: Mapping[str, str], words: Words) -> str:
    """Return a plan in words, to be confirmed; editor.js draws where it cuts."""
    rows = "".join(f"<li>{render.escape(describe(step, words, names))}</li>" for step in found.steps)
    by = "" if found.by == "grammar" else f'<p class="hint">{render.escape(words("ed_by", model=found.by))}</p>'
    data = render.escape(json.dumps([step_told(step) for step in found.steps]))
    buttons = render.button(words("ed_confirm"), "confirm", kind="primary") + render.button(
        words("ed_dismiss"), "dismiss"
    )
    return (
        f'<section class="notice info ed-planned" role="status" data-plan="{data}"><div>'
        f"<strong>{render.escape(words('ed_planned'))}</strong><ol>{rows}</ol>{by}"
        f'<div class="actions">{buttons}</div></div></section>'
    )


def form_name(info: Mapping[str, object]) -> str:
    """Return what people call the format of a sound: the codec where the container may hold any."""
    codec, container = str(info["codec"]).removesuffix("float"), str(info["container"])
    return (
        container.upper()
        if codec.startswith("pcm_")
        else {"opus": "Opus", "vorbis": "Vorbis"}.get(codec, codec.upper())
    )


def _float(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)
