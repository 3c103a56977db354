"""The list of models and what can be done to each, by way of the Studio: settings, memory, deletion, leftovers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import engines
from contract.engine import Stop
from contract.errors import Forbidden, UnknownModel
from contract.models import Scalar
from store import Conversations
from studio import fitting, leftovers, library
from studio.caller import Caller
from studio.downloads import Downloads
from studio.leftovers import Leftover
from studio.model_figures import ModelFigures, Statistics
from studio.model_info import ModelInfo, ModelState
from studio.model_settings import ModelSettings, Setting, settings_for
from studio.registry import JOBS, Registry
from studio.residency import Residency
from studio.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependants:
    """What a model's deletion touches.

    Attributes:
        freed_bytes: What the disk gets back.
        jobs: Those that take it when none is named.
        aliases: Names of other programs that lead to it.
        conversations: In which it has answered; they keep their words, and go on with another model.
        pairs: Languages that nothing else here translates, as ``en-pl``.
    """

    freed_bytes: int
    jobs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    conversations: int = 0
    pairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDetails:
    """All that is known of a model.

    Attributes:
        facts: What its file, or its server, says of it: architecture, quantisation, context, template, …
        settings: What can be set, and ``values`` what is.
        source: Where it comes from; "": not known.
    """

    info: ModelInfo
    facts: Mapping[str, Scalar]
    settings: tuple[Setting, ...]
    values: Mapping[str, float]
    source: str


class ModelInventory:
    """Part of the Studio, which has the attributes."""

    settings: Settings
    registry: Registry
    residency: Residency
    downloads: Downloads
    model_settings: ModelSettings
    figures: ModelFigures
    conversations: Conversations

    def models(self) -> list[ModelInfo]:
        """Return every model, those here first."""
        downloading: dict[str, ModelState] = {
            download.model: "paused" if download.state == "paused" else "downloading"
            for download in self.downloads.all()
        }
        loaded = self.residency.loaded()
        room = fitting.Room.now(self.residency.budget_bytes, sum(loaded.values()))
        seen, card = self.figures.at_a_glance(), self.residency.card
        listed = []
        for info in self.registry.infos(loaded, self.residency.loading(), downloading):
            spec, figures, row = info.spec, seen.get(info.spec.id), self.model_settings.of(info.spec.id)
            listed.append(
                replace(
                    info,
                    need_bytes=0 if spec.remote else fitting.need(spec),
                    fit=fitting.fit(spec, room, here=not spec.remote, card_bytes=card.bytes if card else None),
                    pinned=row is not None and row.pinned,
                    remark=row.note if row is not None else "",
                    calls=figures.calls if figures is not None else 0,
                    last_used_at=figures.last_used_at if figures is not None else "",
                    tokens_per_s=figures.tokens_per_s if figures is not None else None,
                )
            )
        return listed

    def model(self, model_id: str) -> ModelInfo:
        """Return one model of the list; raises UnknownModel."""
        for info in self.models():
            if info.spec.id == model_id:
                return info
        raise UnknownModel(
            f"There is no model called {model_id[:200]!r}. GET /models lists them.", model=model_id[:200]
        )

    def model_details(self, model_id: str) -> ModelDetails:
        """Return all that is known of a model; may wait for its server. Raises UnknownModel."""
        info = self.model(model_id)
        row, entry = self.model_settings.of(model_id), self.registry.catalogue.get(model_id)
        engine = engines.ENGINES.get(info.spec.engine)
        known = info.state not in ("available", "downloading", "paused", "damaged", "missing", "unreachable")
        return ModelDetails(
            info=info,
            facts=engine.facts(info.spec) if engine is not None and known and not engines.missing(engine) else {},
            settings=settings_for(info.spec),
            values=dict(row.settings) if row is not None else {},
            source=f"{entry.source.type}: {entry.source.name} {entry.source.revision}".strip() if entry else "",
        )

    def change_model(
        self,
        model_id: str,
        caller: Caller,
        *,
        enabled: bool | None = None,
        pinned: bool | None = None,
        note: str | None = None,
        settings: Mapping[str, float | None] | None = None,
    ) -> ModelInfo:
        """Switch a model on or off, pin it, note something, set values; see ``ModelSettings.change``.

        Raises:
            Forbidden: Not for this caller. UnknownModel. InvalidRequest: A value is out of range.
        """
        if caller.role != "admin":
            raise Forbidden("Only the owner of this Hearth can change models. Ask them to.")
        spec = self.model(model_id).spec
        self.model_settings.change(spec, enabled=enabled, pinned=pinned, note=note, settings=settings)
        self.registry.refresh()
        self.residency.wake()
        return self.model(model_id)

    def model_statistics(self, model_id: str, days: int = 30) -> Statistics:
        """Return a model's figures of the last days, everybody's; raises UnknownModel."""
        return self.figures.statistics(self.model(model_id).spec, days)

    def load(self, model_id: str) -> ModelInfo:
        """Make a model resident, and wait for it; errors as in ``Registry.find`` and ``Residency.use``."""
        spec = self.registry.find(model_id, self.model(model_id).spec.kind)
        engines.require(engines.ENGINES[spec.engine])
        with self.residency.use(spec, Stop(), lambda: None):
            pass
        return self.model(model_id)

    def unload(self, model_id: str) -> ModelInfo:
        """Give a model's memory back; raises Conflict while it works."""
        self.residency.unload(self.model(model_id).spec.id)
        return self.model(model_id)

    def dependants(self, model_id: str) -> Dependants:
        """Return what a model's deletion would touch; raises UnknownModel."""
        spec = self.model(model_id).spec
        jobs = tuple(kind for kind in JOBS if (chosen := self.registry.default(kind)) and chosen.id == spec.id)
        aliases = tuple(alias.name for alias in self.registry.aliases.all() if alias.model == spec.id)
        others = [other for other in self.registry.installed("translation") if other.id != spec.id]
        pairs = [
            f"{pair.source}-{pair.target}"
            for pair in self.registry.pairs()
            if pair.installed and spec.id in pair.models
            and not ((left := library.find_pair({}, others, pair.source, pair.target)) and left.installed)
        ]  # fmt: skip
        return Dependants(
            freed_bytes=leftovers.size_of(spec, self.settings.models_dir),
            jobs=jobs,
            aliases=aliases,
            conversations=self.conversations.answered_by(spec.id),
            pairs=tuple(pairs),
        )

    def remove_model(self, model_id: str) -> int:
        """Delete a model from this machine, or a missing one from the list; returns the bytes freed.

        Raises:
            Conflict: It is at work.
        """
        info = self.model(model_id)
        if info.state == "missing":
            self.model_settings.forget(model_id)
            return 0
        self.residency.unload(info.spec.id)
        freed = library.remove(info.spec, self.settings.models_dir)
        self.model_settings.forget(model_id)
        self.registry.refresh()
        return freed

    def leftovers(self) -> list[Leftover]:
        """Return what lies in the models folder and belongs to no model."""
        wanted = {download.model for download in self.downloads.all()}
        return leftovers.find(self.settings.models_dir, wanted)

    def clean_leftovers(self, caller: Caller) -> int:
        """Remove the leftovers; returns the bytes freed. Raises Forbidden."""
        if caller.role != "admin":
            raise Forbidden("Only the owner of this Hearth can delete models' files. Ask them to.")
        return leftovers.clean(self.leftovers())
