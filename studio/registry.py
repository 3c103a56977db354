"""All models there are: installed, to be had, held by an Ollama server that comes and goes, or by connected servers.

Servers are looked for in the background, so that a dead or slow one never holds up a request. Models of
connected ones stand last: nothing goes out because a server was connected, only where it is chosen.
"""

import threading
from collections.abc import Mapping
from typing import Literal

import structlog

import engines
from contract.errors import (
    InvalidRequest,
    ModelDamaged,
    ModelDisabled,
    ModelNotInstalled,
    StudioError,
    UnknownModel,
)
from contract.models import Kind, ModelSpec
from store import ModelRow, Preferences
from studio import library
from studio.aliases import Aliases
from studio.catalogue import Entry, load_catalogue, load_own
from studio.model_info import ModelInfo, ModelState
from studio.model_settings import ModelSettings, with_settings
from studio.pairing import Pairing
from studio.providers import Providers
from studio.settings import Settings

log = structlog.get_logger(__name__)
JOBS: tuple[Kind, ...] = ("chat", "translation", "image", "speech", "transcription", "embedding")
OLLAMA_DEFAULT = "http://127.0.0.1:11434"
OLLAMA_EVERY_S = 15.0
MOST_NAMED = 20  # models, where an unknown one is asked for
OLLAMA_PATIENCE = 2  # so many questions may go unanswered before its models are no longer listed


class Registry(Pairing):
    """Finds models by name and by job.

    Args:
        settings: Where models are, and whether this is a demonstration on echo engines alone.
        preferences: Keeps the chosen default of each job.
        providers: The servers that the owner connected.
        kept: What the owner set for each model.
    """

    def __init__(self, settings: Settings, preferences: Preferences, providers: Providers, kept: ModelSettings) -> None:
        self._settings = settings
        self._kept = kept
        self._preferences = preferences
        self._providers = providers
        self.aliases = Aliases(preferences)
        self._lock = threading.Lock()
        self._catalogue: Mapping[str, Entry] = {**load_catalogue(), **load_own(settings.data_dir)}
        self._installed: dict[str, ModelSpec] = {}
        self._damaged: dict[str, str] = {}
        self._remote: dict[str, ModelSpec] = {}
        self._wake = threading.Event()
        self._closed = False
        self._silences = 0
        self.ollama_host = settings.ollama_host or OLLAMA_DEFAULT
        self.ollama_state: Literal["unknown", "up", "down"] = "unknown"
        self.refresh()
        if not settings.demo:
            threading.Thread(target=self._watch_ollama, name="ollama-watch", daemon=True).start()

    # What there is

    @property
    def catalogue(self) -> Mapping[str, Entry]:
        """Every model that Hearth knows how to fetch, by id."""
        return self._catalogue

    def refresh(self) -> None:
        """Look at the models folder again."""
        if self._settings.demo:
            installed = {spec.id: spec for spec in echo_specs()}
            damaged: dict[str, str] = {}
        else:
            found = library.scan(self._settings.models_dir)
            installed = {spec.id: self._as_set(spec) for spec in found.models if spec.engine in engines.ENGINES}
            damaged = {item.id: item.message for item in found.damaged} | {
                spec.id: f"{spec.title} is for the engine {spec.engine}, which this Hearth has not. Update Hearth."
                for spec in found.models
                if spec.engine not in engines.ENGINES
            }
        with self._lock:
            self._installed, self._damaged = installed, damaged

    def _as_set(self, spec: ModelSpec) -> ModelSpec:
        try:
            return with_settings(spec, self._kept.of(spec.id))
        except StudioError as error:  # its file can't be read: loading it tells
            log.warning("settings_not_applied", model=spec.id, error=error.message)
            return spec

    def installed(self, kind: Kind | None = None) -> list[ModelSpec]:
        """Return the models that a request can use now, remote ones included."""
        return [
            spec for spec in self._there() if (kind is None or spec.kind == kind) and not self._kept.disabled(spec.id)
        ]

    def _there(self) -> list[ModelSpec]:
        with self._lock:
            specs = [*self._remote.values(), *self._installed.values()]
        return [*specs, *self._providers.specs()]

    def default(self, kind: Kind) -> ModelSpec | None:
        """Return the model that a job takes when none is named: the chosen one, else the first that can do it all."""
        return self._default(self.installed(kind), self._preferences.get("", f"default.{kind}"))

    def _default(self, specs: list[ModelSpec], chosen: object) -> ModelSpec | None:
        able = sorted((spec for spec in specs if not _enlarges(spec)), key=self._stands_in)
        return next((spec for spec in able if spec.id == chosen), able[0] if able else None)

    def _stands_in(self, spec: ModelSpec) -> bool:
        entry = self._catalogue.get(spec.id)
        return entry is not None and entry.stand_in

    def set_default(self, kind: Kind, model: str) -> None:
        """Choose the model that a job takes when none is named; errors as in ``find``.

        Raises:
            InvalidRequest: It enlarges pictures, and can't draw.
        """
        spec = self.find(model, kind)
        if _enlarges(spec):
            raise InvalidRequest(
                f"{spec.title} enlarges pictures, and can't draw, so it can't be the default. Choose one that draws.",
                model=spec.id,
            )
        self._preferences.set("", f"default.{kind}", spec.id)

    # Finding one

    def find(self, name: str | None, kind: Kind) -> ModelSpec:
        """Return a usable model.

        Args:
            name: Its id, or an alias; None: the job's default.

        Raises:
            UnknownModel: Nobody knows the name. ModelNotInstalled: It is known, but not here.
            ModelDamaged: It is here, and can't be used. InvalidRequest: It does another job.
        """
        if name is None:
            spec = self.default(kind)
            if spec is None:
                self.refresh()  # it may have been put there by hand meanwhile
                spec = self.default(kind)
            if spec is None:
                raise ModelNotInstalled(
                    f"There is no {kind} model on this machine yet. Open Models and download one.", kind=kind
                )
            return spec
        spec = self._by_id(name)
        alias = self.aliases.find(name, kind) if spec is None else None
        if alias is not None:
            if alias.model is None:
                return self.find(None, kind)
            name, spec = alias.model, self._by_id(alias.model)
        if spec is None:
            self.refresh()  # it may have been put there by hand, or by another Hearth
            self._providers.refresh()
            spec = self._by_id(name)
        if spec is None:
            raise self._not_here(name, kind)
        if self._kept.disabled(spec.id):
            raise ModelDisabled(f"{spec.title} is switched off here. Switch it on in Models.", model=spec.id)
        if spec.kind != kind:
            raise InvalidRequest(f"{name} is a {spec.kind} model; this needs one for {kind}.", model=name)
        return spec

    def _by_id(self, name: str) -> ModelSpec | None:
        with self._lock:
            # Ids of models here are lower case, and Ollama finds its own in any case.
            found = self._installed.get(name.lower()) or self._remote.get(name.lower())
        return found or next((s for s in self._providers.specs() if s.id == name.lower()), engines.robotic_voice(name))

    def _not_here(self, name: str, kind: Kind) -> StudioError:
        why = self._damaged.get(name.lower())
        if why is not None:
            return ModelDamaged(why, model=name)
        entry = None if self._settings.demo else self._catalogue.get(name.lower())
        if entry is not None:
            return ModelNotInstalled(
                f"{entry.title} is not on this machine yet ({entry.size_bytes / 1e6:,.0f} MB). "
                "Open Models and download it.",
                model=name,
                size_bytes=entry.size_bytes,
            )
        ids = [spec.id for spec in self.installed(kind)]
        more = f" and {len(ids) - MOST_NAMED:,} more" if len(ids) > MOST_NAMED else ""
        there = ", ".join(ids[:MOST_NAMED]) + more if ids else "none yet"
        return UnknownModel(
            f"There is no model called {name[:200]!r}. The {kind} models here: {there}.", model=name[:200]
        )

    # Ollama

    def look_for_ollama(self) -> None:
        """Ask the Ollama server for its models, once; a silence marks it as down, a few let its models go."""
        from engines import ollama  # the client costs 0.3 s to import, on this thread only

        try:
            found = ollama.discover(self.ollama_host)
            state: Literal["up", "down"] = "up"
        except Exception as exc:  # whatever answers there, it must not end the watch
            found, state = [], "down"
            log.debug("ollama_down", host=self.ollama_host, error=str(exc))
        # That there is none at the start is no news: most people have no Ollama.
        if state != self.ollama_state and (state, self.ollama_state) != ("down", "unknown"):
            log.info("ollama", host=self.ollama_host, state=state, models=len(found))
        with self._lock:
            self.ollama_state = state
            self._silences = 0 if state == "up" else self._silences + 1
            if state == "up" or self._silences > OLLAMA_PATIENCE:
                self._remote = {spec.id.lower(): spec for spec in found}
        if state == "up":
            self._kept.held("ollama", found)

    def _watch_ollama(self) -> None:
        while not self._closed:
            self.look_for_ollama()
            self._wake.wait(OLLAMA_EVERY_S)

    def close(self) -> None:
        """End the watch."""
        self._closed = True
        self._wake.set()

    # The list

    def usable(self, loaded: Mapping[str, int], loading: set[str]) -> list[ModelInfo]:
        """Return the models that a request can name now."""
        specs = self.installed()
        chosen = self._preferences.starting("", "default.")
        default_of = {
            kind: self._default([spec for spec in specs if spec.kind == kind], chosen.get(f"default.{kind}"))
            for kind in JOBS
        }
        listed: list[ModelInfo] = []
        for spec in specs:
            state: ModelState = "installed"
            trouble = self._trouble(spec)
            if spec.remote:
                state = "unreachable" if trouble else "remote"
            elif spec.id in loaded:
                state = "loaded"
            if spec.id in loading:
                state = "loading"
            entry = self._catalogue.get(spec.id)
            listed.append(
                ModelInfo(
                    spec=spec,
                    state=state,
                    is_default=spec is default_of.get(spec.kind),
                    starter=entry is not None and entry.starter,
                    memory_bytes=loaded.get(spec.id, 0),
                    missing_parts=tuple(engines.missing(engines.ENGINES[spec.engine])),
                    error=trouble,
                )
            )
        return listed

    def _trouble(self, spec: ModelSpec) -> str:
        """Return why a model's server can't be asked just now; "": nothing is known against it."""
        if spec.engine == "ollama":
            silent = self.ollama_state == "down"
            return f"Ollama does not answer at {self.ollama_host}. Start it again." if silent else ""
        return self._providers.trouble(spec)

    def infos(
        self, loaded: Mapping[str, int], loading: set[str], downloading: Mapping[str, ModelState]
    ) -> list[ModelInfo]:
        """Return the list of models, those here first, then what can be fetched.

        Args:
            downloading: ``downloading`` or ``paused``, by the ids of those on their way.
        """
        usable = {info.spec.id: info for info in self.usable(loaded, loading)}
        listed = [
            usable.get(spec.id) or ModelInfo(spec=spec, state="disabled", error=self._trouble(spec))
            for spec in self._there()
        ]
        here = {info.spec.id for info in listed}
        listed += [self._gone(row) for row in self._kept.gone() if row.id not in here]
        if self._settings.demo:
            return listed
        here = {info.spec.id for info in listed}
        for entry in self._catalogue.values():
            if entry.id in here:
                continue
            state: ModelState = "damaged" if entry.id in self._damaged else "available"
            listed.append(
                ModelInfo(
                    spec=entry.spec(),
                    state=downloading.get(entry.id, state),
                    starter=entry.starter,
                    recommended=entry.recommended,
                    error=self._damaged.get(entry.id, ""),
                    approximate=not any(file.size_bytes for file in entry.files),
                )
            )
            here.add(entry.id)
        return listed + [_broken(model, why) for model, why in self._damaged.items() if model not in here]

    def _gone(self, row: ModelRow) -> ModelInfo:
        spec = ModelSpec(id=row.id, engine=row.engine, kind=_kind(row.kind), title=row.title, remote=True)
        error = f"The Ollama server has it no more since {row.gone_at}. Pull it again, or delete it from the list."
        return ModelInfo(spec=spec, state="missing", error=error)


def _enlarges(spec: ModelSpec) -> bool:
    """Whether an image model makes pictures larger, and draws none."""
    if spec.kind != "image":
        return False
    try:
        able = engines.ENGINES[spec.engine].image_range(spec)
    except StudioError:  # its files can't be read: trying it tells
        return False
    return able is not None and able.enlarges is not None


def _kind(kept: str) -> Kind:
    return next(kind for kind in JOBS if kind == kept)


def _broken(model: str, why: str) -> ModelInfo:
    """Return a damaged model that no catalogue knows; what it was for, its files no longer tell."""
    return ModelInfo(spec=ModelSpec(id=model, engine="", kind="chat", title=model), state="damaged", error=why)


def echo_specs() -> list[ModelSpec]:
    """Return the models of the echo engines, which need no files."""
    return [
        ModelSpec(
            id=name,
            engine=name,
            kind=engine.kind,
            title=f"Echo ({engine.kind})",
            # It says numbers as an English voice does.
            languages=("en",) if engine.kind == "speech" else (),
            note="Says back what it was given. For demonstrations and tests.",
        )
        for name, engine in engines.ENGINES.items()
        if name.startswith("echo-")
    ]
