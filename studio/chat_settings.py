"""How a conversation's replies are made: model, sampling, collection; and as JSON keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from contract.reply_settings import ReplySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings(ReplySettings):
    """A conversation's own, as it keeps them."""

    @classmethod
    def of(cls, kept: Mapping[str, object]) -> "ChatSettings":
        """Return the settings in what was kept as JSON; what is missing or odd is the model's own."""
        names = {field.name for field in fields(cls)} - {"model", "stop", "collection"}
        numbers = {
            name: value
            for name, value in kept.items()
            if name in names and isinstance(value, int | float) and not isinstance(value, bool)
        }
        model, stop, collection = kept.get("model"), kept.get("stop"), kept.get("collection")
        return cls(
            model=model if isinstance(model, str) else None,
            collection=collection if isinstance(collection, str) else None,
            stop=tuple(text for text in stop if isinstance(text, str)) if isinstance(stop, list | tuple) else (),
            **numbers,  # type: ignore[arg-type]  # a float where a whole number belongs is refused by check()
        )

    def kept(self, system: str = "") -> dict[str, object]:
        """Return them as JSON is kept, without what is left to the model."""
        values = {"system": system, **asdict(self)}
        return {name: value for name, value in values.items() if value not in (None, "", ())}


def system_of(kept: Mapping[str, object]) -> str:
    """Return the instructions in what was kept of a conversation's settings."""
    system = kept.get("system")
    return system if isinstance(system, str) else ""
