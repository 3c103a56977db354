"""How a conversation's replies are made: model, sampling, collections; and as JSON keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from contract.reply_settings import ReplySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings(ReplySettings):
    """A conversation's own, as it keeps them."""

    @classmethod
    def of(cls, kept: Mapping[str, object]) -> "ChatSettings":
        """Return the settings in what was kept as JSON; what is missing or odd is the model's own."""
        names = {field.name for field in fields(cls)} - {"model", "stop", "json_schema", "collections"}
        numbers = {
            name: value
            for name, value in kept.items()
            if name in names and isinstance(value, int | float) and not isinstance(value, bool)
        }
        model, old = kept.get("model"), kept.get("collection")  # there was but one once
        schema = kept.get("json_schema")
        return cls(
            model=model if isinstance(model, str) else None,
            collections=_texts(kept.get("collections")) or ((old,) if isinstance(old, str) else ()),
            stop=_texts(kept.get("stop")),
            json_schema=schema if isinstance(schema, str) else None,
            **numbers,  # type: ignore[arg-type]  # a float where a whole number belongs is refused by check()
        )

    def kept(self, system: str = "") -> dict[str, object]:
        """Return them as JSON is kept, without what is left to the model."""
        values = {"system": system, **asdict(self)}
        return {name: value for name, value in values.items() if value not in (None, "", ())}


def _texts(kept: object) -> tuple[str, ...]:
    return tuple(text for text in kept if isinstance(text, str)) if isinstance(kept, list | tuple) else ()


def system_of(kept: Mapping[str, object]) -> str:
    """Return the instructions in what was kept of a conversation's settings."""
    system = kept.get("system")
    return system if isinstance(system, str) else ""
