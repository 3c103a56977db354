"""What the owner sets for a model: on or off, pinned, a note, and the values that requests leave open.

Values come in two sorts. Those of a request (temperature, steps, …) stand in where a request names
none, whatever engine runs it, and the log tells them like asked ones. Those of loading (context,
slots) become options of the model's spec; a model that is in memory otherwise is loaded anew.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import engines
from contract.errors import InvalidRequest
from contract.image_requests import ImageRequest
from contract.limits import check_range, check_whole
from contract.messages import check_plain
from contract.models import Kind, ModelSpec
from contract.requests import ChatRequest, Request
from store import ModelRow
from store import Models as ModelRows
from store.database import now

NOTE_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that can be set for a model.

    Attributes:
        low, high: What it may be.
        whole: It is a whole number.
        loading: It counts when the model is loaded, not for each request.
    """

    name: str
    low: float
    high: float
    whole: bool = False
    loading: bool = False


_OF_KIND: Mapping[Kind, tuple[Setting, ...]] = {
    "chat": (
        Setting(name="temperature", low=0, high=2),
        Setting(name="top_p", low=0, high=1),
        Setting(name="top_k", low=0, high=1_000, whole=True),
        Setting(name="min_p", low=0, high=1),
        Setting(name="repeat_penalty", low=0.5, high=2),
        Setting(name="max_tokens", low=1, high=1_000_000, whole=True),
    ),
    "image": (
        Setting(name="num_inference_steps", low=1, high=200, whole=True),
        Setting(name="guidance_scale", low=0, high=30),
    ),
}
_OF_ENGINE: Mapping[str, tuple[Setting, ...]] = {
    "llama_cpp": (
        Setting(name="n_ctx", low=256, high=1_048_576, whole=True, loading=True),
        Setting(name="slots", low=1, high=64, whole=True, loading=True),
    ),
}


def settings_for(spec: ModelSpec) -> tuple[Setting, ...]:
    """Return what can be set for a model."""
    return (*_OF_KIND.get(spec.kind, ()), *_OF_ENGINE.get(spec.engine, ()))


def with_settings(spec: ModelSpec, row: ModelRow | None) -> ModelSpec:
    """Return the spec as the owner wants it loaded, with the memory that was measured."""
    if row is None:
        return spec
    if row.memory_bytes and not spec.remote:
        spec = replace(spec, memory_bytes=row.memory_bytes)
    loading = {
        setting.name: int(row.settings[setting.name])
        for setting in settings_for(spec)
        if setting.loading and setting.name in row.settings
    }
    if not loading:
        return spec
    n_ctx = loading.pop("n_ctx", None)
    spec = replace(spec, options={**spec.options, **loading})
    return spec if n_ctx is None else engines.ENGINES[spec.engine].with_context(spec, n_ctx)


def filled_in(request: Request, row: ModelRow | None) -> Request:
    """Return a request with the owner's values where it leaves them open."""
    if row is None or not row.settings or not isinstance(request, ChatRequest | ImageRequest):
        return request
    names = {setting.name: setting for setting in _OF_KIND[request.kind]}
    values = {
        name: int(value) if names[name].whole else value
        for name, value in row.settings.items()
        if name in names and getattr(request, name) is None
    }
    return replace(request, **values) if values else request  # type: ignore[arg-type]  # checked when they were set


class ModelSettings:
    """Keeps what the owner sets, in memory and in the database.

    Args:
        rows: Where they are kept.
    """

    def __init__(self, rows: ModelRows) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        self._known = rows.all()

    def of(self, model: str) -> ModelRow | None:
        """Return what is kept of a model, or None."""
        return self._known.get(model)

    def disabled(self, model: str) -> bool:
        """Whether requests may not use a model."""
        row = self._known.get(model)
        return row is not None and not row.enabled

    def pinned(self, model: str) -> bool:
        """Whether a model is to stay in memory."""
        row = self._known.get(model)
        return row is not None and row.pinned

    def gone(self) -> list[ModelRow]:
        """Return models that their server held once and holds no more."""
        return [row for row in list(self._known.values()) if row.gone_at is not None]

    def change(
        self,
        spec: ModelSpec,
        *,
        enabled: bool | None = None,
        pinned: bool | None = None,
        note: str | None = None,
        settings: Mapping[str, float | None] | None = None,
    ) -> ModelRow:
        """Set what is given, and leave the rest; a value of None goes back to the model's own.

        Raises:
            InvalidRequest: There is no such setting, or its value is out of range.
        """
        known = {setting.name: setting for setting in settings_for(spec)}
        # 7.0 is a whole number in JSON and in a form, which know no others.
        settings = {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in (settings or {}).items()
        }
        for name, value in settings.items():
            if name not in known:
                there = ", ".join(known) or "none"
                raise InvalidRequest(f"{spec.id} has no setting {name[:80]!r}. It has: {there}.", field=name[:80])
            check = check_whole if known[name].whole else check_range
            check(name, value, known[name].low, known[name].high)  # type: ignore[arg-type]
            if name == "n_ctx" and value is not None:
                _check_context(spec, int(value))
        if note is not None:
            check_plain("note", note)
            if len(note) > NOTE_CHARACTERS:
                raise InvalidRequest(
                    f"note has {len(note):,} characters; the limit is {NOTE_CHARACTERS:,}.", field="note"
                )
        with self._lock:
            row = self._known.get(spec.id) or _new(spec)
            kept = {**row.settings, **settings}
            row = replace(
                row,
                enabled=row.enabled if enabled is None else enabled,
                pinned=row.pinned if pinned is None else pinned,
                note=row.note if note is None else note.strip(),
                settings={name: value for name, value in kept.items() if value is not None},
            )
            self._rows.put([row])
            self._known[spec.id] = row
        return row

    def measured(self, spec: ModelSpec, memory_bytes: int) -> None:
        """Keep what a model took in memory; does not wait."""
        with self._lock:
            row = self._known.get(spec.id) or _new(spec)
            # Each load differs a little, and a change that is none need not be written.
            if abs(row.memory_bytes - memory_bytes) <= row.memory_bytes // 20:
                return
            self._known[spec.id] = row = replace(row, memory_bytes=memory_bytes)
            self._rows.put([row], wait=False)

    def held(self, engine: str, specs: Iterable[ModelSpec]) -> None:
        """Take note of what a server of this engine holds now: those that it held before and lacks are gone."""
        there = {spec.id: spec for spec in specs}
        with self._lock:
            changed = [
                replace(row, gone_at=None if row.id in there else now())
                for row in self._known.values()
                if row.engine == engine and (row.gone_at is None) != (row.id in there)
            ]
            changed += [_new(spec) for spec in there.values() if spec.id not in self._known]
            if changed:
                self._known |= {row.id: row for row in changed}
                self._rows.put(changed, wait=False)

    def forget(self, model: str) -> None:
        """Forget what is kept of a model."""
        with self._lock:
            if self._known.pop(model, None) is not None:
                self._rows.remove(model)


def _new(spec: ModelSpec) -> ModelRow:
    return ModelRow(id=spec.id, kind=spec.kind, engine=spec.engine, title=spec.title)


def _check_context(spec: ModelSpec, tokens: int) -> None:
    known = engines.ENGINES[spec.engine].context_range(spec)
    if known is not None and not known.least <= tokens <= known.most:
        raise InvalidRequest(f"n_ctx is {tokens:,}; {spec.id} takes {known.least:,} to {known.most:,}.", field="n_ctx")
