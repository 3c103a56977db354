"""How a chat's reply is made: model, sampling, context, and where it looks things up; with the rules of each."""

from dataclasses import dataclass

from contract.errors import InvalidRequest
from contract.limits import are_stops, check_model, check_range, check_schema, check_whole

COLLECTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplySettings:
    """What a request and a conversation's own settings say alike.

    Attributes:
        model: A model's id; None: the default chat model.
        max_tokens: Most tokens to write; None: up to the context's end.
        temperature: 0 to 2; None, here and below: the model's own default.
        top_p, min_p: 0 to 1.  top_k: 0 to 1,000 (0: off).  repeat_penalty: 0.5 to 2.
        seed: 0 to 2**32 - 1: the same seed and request give the same text.
        stop: Up to 8 strings that end the reply.
        context_tokens: How many tokens the model is to hold, the reply's among them; None: its own length. A model
            that is in memory with another length is loaded anew.
        json_schema: A JSON Schema, as JSON text, that the reply must follow.
        collections: Up to 8 collections whose best passages for the last message go with it, to be cited.
    """

    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    context_tokens: int | None = None
    json_schema: str | None = None
    collections: tuple[str, ...] = ()

    def check_settings(self) -> None:
        """Raise InvalidRequest with the field, the value and the rule."""
        check_model(self.model)
        check_whole("max_tokens", self.max_tokens, 1, 1_000_000)
        check_range("temperature", self.temperature, 0, 2)
        check_range("top_p", self.top_p, 0, 1)
        check_range("min_p", self.min_p, 0, 1)
        check_whole("top_k", self.top_k, 0, 1_000)
        check_range("repeat_penalty", self.repeat_penalty, 0.5, 2)
        check_whole("seed", self.seed, 0, 2**32 - 1)
        if not are_stops(self.stop):
            raise InvalidRequest("stop takes up to 8 strings of 1 to 200 characters.", field="stop")
        check_whole("context_tokens", self.context_tokens, 1, 10_000_000)
        if self.json_schema is not None:
            check_schema("json_schema", self.json_schema)
        if len(self.collections) > COLLECTIONS:
            raise InvalidRequest(
                f"collections has {len(self.collections)} ids; the limit is {COLLECTIONS}. Name fewer.",
                field="collections",
            )
        for collection in self.collections:
            check_model(collection, "collections")
