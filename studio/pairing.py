"""Which model does a translation: the named one, the named engine's, or the best there is for its two languages."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from contract.errors import InvalidRequest, ModelNotInstalled, StudioError
from contract.models import Kind, ModelSpec
from contract.requests import TranslateRequest, TranslationEngine
from studio import library
from studio.catalogue import Entry
from studio.settings import Settings


class Pairing:
    """Part of the Registry, which has the attributes and the first three methods."""

    _settings: Settings
    _catalogue: Mapping[str, Entry]

    def installed(self, kind: Kind | None = None) -> list[ModelSpec]:
        """Return the models that a request can use now, remote ones included."""
        raise NotImplementedError

    def default(self, kind: Kind) -> ModelSpec | None:
        """Return the model that a job takes when none is named."""
        raise NotImplementedError

    def find(self, name: str | None, kind: Kind) -> ModelSpec:
        """Return a usable model."""
        raise NotImplementedError

    def _by_id(self, name: str) -> ModelSpec | None:
        raise NotImplementedError

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


def _speaks(chat: ModelSpec, language: str) -> bool:
    """Whether a chat model may know a language: those elsewhere do not say what they know."""
    return not chat.languages or language in chat.languages
