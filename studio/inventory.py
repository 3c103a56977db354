"""What is here, by way of the Studio: languages, pairs and models, and what each of them can do."""

import engines
from contract.engine import Stop
from contract.errors import InvalidRequest
from contract.limits import Limits
from contract.models import ContextRange, Kind, ModelSpec
from contract.requests import ChatRequest, SpeechRequest
from engines.spoken import language_of, make_spoken
from studio import context, library
from studio.model_info import ModelInfo
from studio.model_inventory import ModelInventory


class Inventory(ModelInventory):
    """Part of the Studio, which has the attributes."""

    limits: Limits

    def detect(self, text: str) -> list[tuple[str, float]]:
        """Return the languages that a text may be in (ISO 639-1) with confidence in [0, 1], best first."""
        if self.settings.demo:
            return [("en", 1.0)] if text.strip() else []
        from engines import language  # 0.1 s and 50 MB that only detection should pay

        return language.detect(text)

    def pairs(self) -> list[library.Pair]:
        """Return every pair of languages that is here or can be fetched."""
        return self.registry.pairs()

    def translators(self, source: str | None, target: str) -> list[ModelSpec]:
        """Return every model here that can translate into ``target``, the best first, a chat model last."""
        return self.registry.translators(source, target)

    def spec(self, name: str | None, kind: Kind) -> ModelSpec:
        """Return a usable model by name, or a job's default; errors as in ``Registry.find``."""
        return self.registry.find(name, kind)

    @staticmethod
    def abilities(spec: ModelSpec) -> frozenset[str]:
        """Return which of the fields that not every engine can do this model's can; see ``Engine.options``."""
        return engines.ENGINES[spec.engine].abilities(spec)

    def context_range(self, model: str) -> ContextRange | None:
        """Return the context lengths that a chat model can be asked for; None: that can't be chosen. May wait.

        Raises:
            StudioError: There is no such model, or it does not tell.
        """
        return context.range_of(self.spec(model, "chat"))

    def spoken_text(self, text: str, voice: str | None = None) -> str:
        """Return what is said for ``text``: numbers, dates and abbreviations in words, in the voice's language.

        Args:
            text: As much as a SpeechRequest takes.
            voice: A voice's id; None: the default voice.

        Raises:
            StudioError: A SpeechRequest like it would be refused.
        """
        SpeechRequest(text=text, model=voice).check(self.limits)
        return make_spoken(text, language_of(self.spec(voice, "speech")))

    @staticmethod
    def robotic_languages() -> frozenset[str]:
        """Return the languages (ISO 639-1) that ``espeak-<language>`` speaks without any file, like a robot."""
        return engines.robotic_languages()

    def usable_models(self) -> list[ModelInfo]:
        """Return the models that a request can name now."""
        return self.registry.usable(self.residency.loaded(), self.residency.loading())

    def count_tokens(self, request: ChatRequest) -> int:
        """Return how many tokens a chat model reads for a request; waits, for the model to load too.

        Raises:
            InvalidRequest: The request is bad, or the model's engine has no tokenizer at hand.
        """
        request.check(self.limits)
        spec = self.spec(request.model, "chat")
        engine = engines.ENGINES[spec.engine]
        engines.require(engine)
        if "count_tokens" not in engine.options:
            raise InvalidRequest(f"{spec.id} can't count tokens. Choose another model.", field="model")
        with self.residency.use(self.residency.as_loaded(spec), Stop(), lambda: None) as ready:
            return ready.count_tokens(request)

    def command_for(self, kind: Kind) -> str | None:
        """Return the command that adds what a kind of job needs; None when an engine for it can run."""
        able = [engine for engine in engines.ENGINES.values() if engine.kind == kind and engine.lane != "echo"]
        if any(not engines.missing(engine) for engine in able):
            return None
        return engines.adding(able[0]) if able else None
