"""The one tree of errors: each has a code, a title, an HTTP status and a next step.

::

    StudioError                       500  studio_error
    ├── InvalidRequest                422  invalid_request      a field has a value it can't have
    │   └── InputTooLarge             413  input_too_large      text, file or count over its limit
    ├── NotFound                      404  not_found            no such job, conversation or file
    │   ├── UnknownModel              404  model_not_found      nobody knows this name
    │   ├── ModelNotInstalled         404  model_not_installed  known, but not on this machine yet
    │   └── ModelDisabled             404  model_disabled       here, but switched off by the owner
    ├── Conflict                      409  conflict             changed elsewhere since it was read
    │   └── PreconditionFailed        412  precondition_failed  not at the revision that the caller named
    ├── Forbidden                     403  forbidden            this caller may not do that
    ├── LaneFull                      503  lane_full            too many jobs wait; carries retry_after_s
    ├── EngineMissing                 501  engine_missing       an optional package is not installed
    ├── ModelDamaged                  422  model_damaged        the model's files can't be read
    ├── DoesNotFit                    507  does_not_fit         more memory than the budget allows
    ├── EngineFailed                  500  engine_failed        the engine broke while it ran
    ├── ProviderFailed                502  provider_failed      a server we asked failed or refused
    │   ├── ProviderUnreachable       503  provider_unreachable nobody answers there
    │   ├── ProviderRefusedKey        502  provider_refused_key it does not take the key that we have for it
    │   └── ProviderBusy              429  provider_busy        too many requests for it; may carry retry_after_s
    ├── SecretUnreadable              500  secret_unreadable    a stored key can't be decrypted
    ├── DownloadFailed                502  download_failed      a file could not be fetched whole
    ├── StorageFailed                 507  storage_failed       the data folder can't be written
    └── Interrupted                   500  interrupted          the process ended while the job ran

The message is one or two plain sentences: what happened, the value, the next step. Engines map
foreign exceptions to these in one table each; only ``ui`` and ``api`` turn them into something shown.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar

_Details = dict[str, str | int | float | bool | None]
_Again = Callable[[type["StudioError"], str, _Details], "StudioError"]


class StudioError(Exception):
    """Anything that Hearth tells a person went wrong.

    Args:
        message: What happened, the value, and the next step, in plain English.
        details: Figures and names for programs: JSON scalars only.
    """

    code: ClassVar[str] = "studio_error"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **details: str | int | float | bool | None) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, str | int | float | bool | None] = MappingProxyType(details)

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.message}"

    def __reduce__(self) -> "tuple[_Again, tuple[type[StudioError], str, _Details]]":
        # It crosses from a model's own process to ours, and a mapping proxy can't be pickled.
        return _again, (type(self), self.message, dict(self.details))

    def _render_traceback_(self) -> list[str]:
        # IPython's hook: what is expected to go wrong now and then is told in its sentence, without a traceback.
        return [f"{self.title}. {self.message}"]


class InvalidRequest(StudioError):
    code, title, status = "invalid_request", "That request can't be done", 422


class InputTooLarge(InvalidRequest):
    code, title, status = "input_too_large", "That is too large", 413


class NotFound(StudioError):
    code, title, status = "not_found", "Not found", 404


class UnknownModel(NotFound):
    code, title, status = "model_not_found", "Unknown model", 404


class ModelNotInstalled(NotFound):
    code, title, status = "model_not_installed", "This model is not installed yet", 404


class ModelDisabled(NotFound):
    code, title, status = "model_disabled", "This model is switched off", 404


class Conflict(StudioError):
    code, title, status = "conflict", "Changed elsewhere", 409


class PreconditionFailed(Conflict):
    code, title, status = "precondition_failed", "Changed elsewhere", 412


class Forbidden(StudioError):
    code, title, status = "forbidden", "Not allowed", 403


class LaneFull(StudioError):
    """Too many jobs wait already; ``details["retry_after_s"]`` says when to ask again."""

    code, title, status = "lane_full", "Too many jobs are waiting", 503


class EngineMissing(StudioError):
    code, title, status = "engine_missing", "A part is not installed", 501


class ModelDamaged(StudioError):
    code, title, status = "model_damaged", "The model's files are damaged", 422


class DoesNotFit(StudioError):
    code, title, status = "does_not_fit", "Not enough memory", 507


class EngineFailed(StudioError):
    code, title, status = "engine_failed", "The engine failed", 500


class ProviderFailed(StudioError):
    code, title, status = "provider_failed", "The model's server failed", 502


class ProviderUnreachable(ProviderFailed):
    code, title, status = "provider_unreachable", "The model's server does not answer", 503


class ProviderRefusedKey(ProviderFailed):
    code, title, status = "provider_refused_key", "The model's server does not take our key", 502


class ProviderBusy(ProviderFailed):
    """It takes no more requests for now; ``details["retry_after_s"]`` says for how long, where it told."""

    code, title, status = "provider_busy", "The model's server takes no more for now", 429


class SecretUnreadable(StudioError):
    code, title, status = "secret_unreadable", "A stored key can't be read", 500


class DownloadFailed(StudioError):
    code, title, status = "download_failed", "The download failed", 502


class StorageFailed(StudioError):
    code, title, status = "storage_failed", "The data folder can't be written", 507


class Interrupted(StudioError):
    code, title, status = "interrupted", "Interrupted", 500


def _again(error: type[StudioError], message: str, details: _Details) -> StudioError:
    """Make an error as it was where it was raised."""
    return error(message, **details)


def error_class(code: str) -> type[StudioError]:
    """Return the class of an error code; StudioError itself for one of another version."""
    found = [StudioError]
    for cls in found:
        if cls.code == code:
            return cls
        found.extend(cls.__subclasses__())
    return StudioError
