"""All models there are: installed, to be had, held by an Ollama server that comes and goes, or by connected servers.

Servers are looked for in the background, so that a dead or slow one never holds up a request. Models of
connected ones stand last: nothing goes out because a server was connected, only where it is chosen.
"""

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import structlog

import engines
from contract.errors import InvalidRequest, ModelDamaged, ModelNotInstalled, StudioError, UnknownModel
from contract.models import Kind, ModelSpec
from contract.requests import TranslateRequest, TranslationEngine
from store import Preferences
from studio import library
from studio.aliases import Aliases
from studio.catalogue import Entry, load_catalogue, load_own
from studio.providers import Providers
from studio.settings import Settings

log = structlog.get_logger(__name__)
ModelState = Literal["installed", "available", "downloading", "loading", "loaded", "remote", "unreachable", "damaged"]
JOBS: tuple[Kind, ...] = ("chat", "translation", "image", "speech", "transcription", "embedding")
OLLAMA_DEFAULT = "http://127.0.0.1:11434"
OLLAMA_EVERY_S = 15.0
MOST_NAMED = 20  # models, where an unknown one is asked for
OLLAMA_PATIENCE = 2  # so many questions may go unanswered before its models are no longer listed


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One line of the list of models.

    Attributes:
        state: ``available`` means known but not here; ``damaged`` and ``unreachable`` say why in ``error``.
        memory_bytes: What it takes in memory now, 0 when it is not loaded.
        starter, recommended: Comes at first start; is the one to take first for its job.
    """

    spec: ModelSpec
    state: ModelState
    is_default: bool = False
    starter: bool = False
    recommended: bool = False
    memory_bytes: int = 0
    missing_parts: tuple[str, ...] = ()
    error: str = ""


class Registry:
    """Finds models by name and by job.

    Args:
        settings: Where models are, and whether this is a demonstration on echo engines alone.
        preferences: Keeps the chosen default of each job.
        providers: The servers that the owner connected.
    """

    def __init__(self, settings: Settings, preferences: Preferences, providers: Providers) -> None:
        self._settings = settings
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
            installed = {spec.id: spec for spec in found.models if spec.engine in engines.ENGINES}
            damaged = {item.id: item.message for item in found.damaged} | {
                spec.id: f"{spec.title} is for the engine {spec.engine}, which this Hearth has not. Update Hearth."
                for spec in found.models
                if spec.engine not in engines.ENGINES
            }
        with self._lock:
            self._installed, self._damaged = installed, damaged

    def installed(self, kind: Kind | None = None) -> list[ModelSpec]:
        """Return the models that a request can use now, remote ones included."""
        with self._lock:
            specs = [*self._remote.values(), *self._installed.values()]
        specs += self._providers.specs()
        return [spec for spec in specs if kind is None or spec.kind == kind]

    def default(self, kind: Kind) -> ModelSpec | None:
        """Return the model that a job takes when none is named: the chosen one, else the first there is."""
        return _default(self.installed(kind), self._preferences.get("", f"default.{kind}"))

    def set_default(self, kind: Kind, model: str) -> None:
        """Choose the model that a job takes when none is named."""
        self._preferences.set("", f"default.{kind}", self.find(model, kind).id)

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

    def for_translation(self, request: TranslateRequest) -> ModelSpec:
        """Return the model that does a translation: the named one, the named engine's, or the best one here.

        Raises:
            StudioError: As in ``find`` and ``for_pair``.
        """
        if request.model is not None:
            named = self._by_id(request.model)
            return named if named is not None and named.kind == "chat" else self.find(request.model, "translation")
        if request.engine == "chat":
            return self.find(None, "chat")
        if self._settings.demo:
            return self.find(None, "translation")
        if request.tone is not None:
            return self._for_tone(request)
        assert request.source_lang is not None  # told, or detected by now
        return self.for_pair(request.source_lang, request.target_lang, request.engine)

    def _for_tone(self, request: TranslateRequest) -> ModelSpec:
        chat = self.default("chat")
        if request.engine is not None or chat is None or not _speaks(chat, request.target_lang):
            raise InvalidRequest(
                f"Only a chat model that knows {request.target_lang!r} can choose a tone, and none is chosen here. "
                "Leave tone out, or name such a model.",
                field="tone",
            )
        return chat

    def for_pair(self, source: str, target: str, engine: TranslationEngine | None = None) -> ModelSpec:
        """Return the translation model of a pair, two joined through English where need be.

        Args:
            engine: Only models of this engine; None: the best there is.

        Raises:
            ModelNotInstalled: The pair is known; the message has its size.
            InvalidRequest: No model does this pair.
        """
        if self._settings.demo:
            return self.find(None, "translation")
        able = [spec for spec in self.installed("translation") if engine is None or spec.engine == engine]
        catalogue = self._catalogue if engine != "transformers" else {}
        pair = library.find_pair(catalogue, able, source, target)
        if pair is None:
            chat = self.default("chat") if engine is None else None
            # A model that claims both languages is better than nothing; one that claims none may know neither.
            if chat is not None and {source, target} <= set(chat.languages):
                return chat
            raise InvalidRequest(
                f"No {f'{engine} ' if engine else ''}model translates from {source!r} to {target!r}. "
                "Choose another pair of languages.",
                source_lang=source,
                target_lang=target,
            )
        if not pair.installed:
            raise ModelNotInstalled(
                f"The translation from {source} to {target} is not on this machine yet "
                f"({pair.size_bytes / 1e6:,.0f} MB). Download it in Translate or in Models.",
                source_lang=source,
                target_lang=target,
                size_bytes=pair.size_bytes,
                models=",".join(pair.models),
            )
        return self._joined([self.find(model, "translation") for model in pair.models])

    def translators(self, source: str | None, target: str) -> list[ModelSpec]:
        """Return every model here that can translate into ``target``, the best first, a chat model last."""
        if self._settings.demo:
            return [self.find(None, "translation"), self.find(None, "chat")]
        specs = self.installed("translation")
        found: list[ModelSpec] = []
        if source is not None:
            with contextlib.suppress(StudioError):
                found.append(self.for_pair(source, target))
        for spec in specs:
            many = spec.source_lang is None and {source or target, target} <= set(spec.languages)
            if (many or (spec.source_lang, spec.target_lang) == (source, target)) and spec not in found:
                found.append(spec)
        chat = self.default("chat")
        return [*found, chat] if chat is not None and chat not in found else found

    @staticmethod
    def _joined(legs: list[ModelSpec]) -> ModelSpec:
        if len(legs) == 1:
            return legs[0]
        first, last = legs[0], legs[-1]
        return replace(
            first,
            # A name that no single model of the pair has, should one come later.
            id=f"{first.engine}-{first.source_lang}-{first.target_lang}-{last.target_lang}",
            title=f"{first.title} + {last.title}",
            paths=tuple(path for leg in legs for path in leg.paths),
            size_bytes=sum(leg.size_bytes for leg in legs),
            memory_bytes=sum(leg.memory_bytes for leg in legs),
            target_lang=last.target_lang,
        )

    def pairs(self) -> "list[library.Pair]":
        """Return every pair of languages that is here or can be fetched."""
        return library.pairs(self._catalogue, self.installed("translation"))

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
            kind: _default([spec for spec in specs if spec.kind == kind], chosen.get(f"default.{kind}"))
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

    def infos(self, loaded: Mapping[str, int], loading: set[str], downloading: set[str]) -> list[ModelInfo]:
        """Return the list of models, those here first, then what can be fetched."""
        listed = self.usable(loaded, loading)
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
                    state="downloading" if entry.id in downloading else state,
                    starter=entry.starter,
                    recommended=entry.recommended,
                    error=self._damaged.get(entry.id, ""),
                )
            )
        return listed


def _default(specs: list[ModelSpec], chosen: object) -> ModelSpec | None:
    return next((spec for spec in specs if spec.id == chosen), specs[0] if specs else None)


def _speaks(chat: ModelSpec, language: str) -> bool:
    """Whether a chat model may know a language: those elsewhere do not say what they know."""
    return not chat.languages or language in chat.languages


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
