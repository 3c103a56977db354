"""Providers: model servers elsewhere that the owner connects, watched in the background, their keys encrypted.

Each has a thread of its own that asks it for its models now and then, so that a dead or slow one holds
up nothing. What it listed last is kept: its models stay in the list while it is away, marked as such,
and a request for one is tried all the same. A key is decrypted for the request that needs it, and only
for the address that it was entered for; it leaves this module towards an engine alone.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

import engines
from contract.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    ProviderFailed,
    ProviderRefusedKey,
    ProviderUnreachable,
    SecretUnreadable,
    StorageFailed,
    StudioError,
)
from contract.ids import new_id
from contract.models import ModelSpec
from engines.provider import Found
from engines.wire import Server, origin
from store import ProviderRow
from store import Providers as ProviderRows
from store.database import now
from studio.caller import Caller
from studio.provider_rows import (
    FROM_SETTINGS,
    CheckResult,
    Draft,
    ProviderInfo,
    Status,
    hint_of,
    read_found,
    specs_of,
    usable,
    write_found,
)
from studio.vault import Vault

log = structlog.get_logger(__name__)
CHECK_S = 15.0
EVERY_S = 60.0
AGAIN_S = 5.0  # after the first failure; then twice as long each time
AWAY_AT_MOST_S = 30.0
FAILING_AT_MOST_S = 300.0
MOST = 50


@dataclass(slots=True)
class _Known:
    """A provider in memory: its row, what it listed, and how it is."""

    row: ProviderRow
    found: Found
    specs: tuple[ModelSpec, ...]
    status: Status
    since: str
    wake: threading.Event
    key: str = ""  # of one from the settings, which the database does not keep
    message: str = ""
    gone: bool = False


class Providers:
    """The providers of one studio.

    Args:
        rows: Where they are kept.
        vault: Opens their keys.
        given: Those that the settings name.
    """

    def __init__(self, rows: ProviderRows, vault: Vault, given: Sequence[Draft] = ()) -> None:
        self._rows = rows
        self._vault = vault
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._closed = False
        for draft in given:
            row = _row(draft, f"{FROM_SETTINGS}{draft.name}")
            self._watch(_Known(row, Found(row.url, ()), (), "checking", now(), threading.Event(), key=draft.key))
        self.refresh()

    # For the models

    def specs(self) -> list[ModelSpec]:
        """Return the models of all providers, also of those that are away."""
        return [spec for known in list(self._known.values()) for spec in known.specs]

    def trouble(self, spec: ModelSpec) -> str:
        """Return why a model can't be used now, where that is known; ""."""
        known = self._known.get(str(spec.options.get("provider")))
        return known.message if known is not None and known.status not in ("up", "checking") else ""

    def states(self) -> dict[str, Status]:
        """Return how each provider is, by its name."""
        return {known.row.name: known.status for known in list(self._known.values())}

    def key_for(self, spec: ModelSpec) -> str:
        """Return the key that a model's server asks for; "": it asks for none, or it is no provider's model.

        Raises:
            SecretUnreadable: The master key does not open it.
            ProviderFailed: The server has been changed or removed since the model was looked up.
        """
        provider = spec.options.get("provider")
        if provider is None:
            return ""
        known = self._known.get(str(provider))
        if known is None or origin(str(spec.options["url"])) != origin(known.row.url):
            raise ProviderFailed(f"The server of {spec.id} has been changed or removed. Choose the model again.")
        return self._key(known)

    def _key(self, known: _Known) -> str:
        if known.row.secret is None:
            return known.key
        try:
            return self._vault.open(known.row.secret, _bound(known.row.id, known.row.url))
        except SecretUnreadable as exc:
            raise SecretUnreadable(f"{known.row.name}: {exc.message}", provider=known.row.name) from exc

    # For the owner

    def all(self, caller: Caller) -> list[ProviderInfo]:
        """Return every provider, by name; raises Forbidden for all but the owner."""
        _only_owner(caller)
        self.refresh()
        return sorted((_info(known) for known in list(self._known.values())), key=lambda info: info.name)

    def get(self, provider_id: str, caller: Caller) -> ProviderInfo:
        """Return one; raises NotFound, Forbidden."""
        _only_owner(caller)
        return _info(self._find(provider_id))

    def add(self, draft: Draft, caller: Caller) -> ProviderInfo:
        """Connect a server; its models come into the list once it has answered.

        Raises:
            InvalidRequest: With the field and the rule. Conflict: Its name is taken. Forbidden.
            SecretUnreadable, StorageFailed: The key can't be kept.
        """
        _only_owner(caller)
        draft = draft.checked()
        self.refresh()
        if len(self._known) >= MOST:
            raise Forbidden(f"There are {MOST} servers already. Remove one first.")
        if any(
            known.row.name == draft.name for known in self._known.values() if known.row.id.startswith(FROM_SETTINGS)
        ):
            raise InvalidRequest(f"HEARTH_SERVERS names {draft.name!r} already. Choose another name.", field="name")
        row = _row(draft, new_id())
        if draft.key:
            secret = self._vault.seal(draft.key, _bound(row.id, row.url))
            row = replace(row, secret=secret, hint=hint_of(draft.key))
        self._rows.add(row)
        self.refresh()
        return _info(self._find(row.id))

    def change(self, provider_id: str, draft: Draft, caller: Caller, *, keep_key: bool) -> ProviderInfo:
        """Change a provider.

        Args:
            draft: All of it, as it shall be; its name stays, because models are called by it.
            keep_key: It keeps the key it has, which it may not at another address.

        Raises:
            InvalidRequest, NotFound, Forbidden, SecretUnreadable, StorageFailed.
        """
        _only_owner(caller)
        row = self._own(provider_id)
        draft = replace(draft, name=row.name, kind=row.kind).checked()
        moved = origin(draft.url) != origin(row.url)
        if keep_key and row.secret is not None and moved:
            raise Forbidden(
                "The key was entered for another address, and goes to no other. Enter it again, or leave it empty.",
                field="key",
            )
        values: dict[str, str | int | bytes | tuple[str, ...] | None] = {
            "url": draft.url,
            "own_network": int(draft.own_network),
            "timeout_s": draft.timeout_s,
            "models": draft.models,
            "status": "checking",
            "since": now(),
        }
        if moved:
            values["found"] = "[]"
        if not keep_key:
            values["secret"] = self._vault.seal(draft.key, _bound(row.id, draft.url)) if draft.key else None
            values["hint"] = hint_of(draft.key)
        self._rows.change(provider_id, values)
        self.refresh()
        return _info(self._find(provider_id))

    def remove(self, provider_id: str, caller: Caller) -> None:
        """Forget a provider and its key; raises NotFound, Forbidden."""
        _only_owner(caller)
        self._own(provider_id)
        self._rows.delete(provider_id)
        self.refresh()

    def check(self, draft: Draft, caller: Caller, provider_id: str = "") -> CheckResult:
        """Ask a server now, whether it is kept or not; waits for it, up to ``CHECK_S``.

        Args:
            draft: What to ask where.
            provider_id: The provider whose key is sent where the draft has none, if the address is still its own.

        Raises:
            InvalidRequest: The draft is wrong. NotFound, Forbidden.
        """
        _only_owner(caller)
        draft = draft.checked()
        try:
            key = draft.key
            if provider_id and not key:
                known = self._find(provider_id)
                key = self._key(known) if origin(draft.url) == origin(known.row.url) else ""
            found = usable(_ask(_row(draft, "draft"), key))
        except NotFound:
            raise
        except StudioError as exc:
            return CheckResult(status=_status(exc), message=exc.message, url=draft.url)
        names = draft.models or tuple(model.name for model in found.models)
        return CheckResult(status="up", message="", url=found.url, models=names, left_out=found.left_out)

    def wake(self) -> None:
        """Ask every provider again soon, for somebody looks at them."""
        for known in list(self._known.values()):
            known.wake.set()

    # Pieces

    def _find(self, provider_id: str) -> _Known:
        known = self._known.get(provider_id)
        if known is None:
            raise NotFound(f"There is no server {provider_id[:64]!r}. GET /providers lists them.", id=provider_id[:64])
        return known

    def _own(self, provider_id: str) -> ProviderRow:
        row = self._find(provider_id).row
        if row.id.startswith(FROM_SETTINGS):
            raise Forbidden(f"{row.name} stands in HEARTH_SERVERS. Change it there, and start Hearth again.")
        return row

    def refresh(self) -> None:
        """Read the rows again; another process may have changed them."""
        rows = {row.id: row for row in self._rows.all() if row.kind in engines.PROVIDERS}
        with self._lock:
            for row in rows.values():
                known = self._known.get(row.id)
                if known is not None and known.row.revision == row.revision:
                    continue
                found = read_found(row.found, row.url)
                status: Status = "checking"
                fresh = _Known(row, found, specs_of(row, found), status, row.since, threading.Event())
                if known is not None:
                    known.gone = True
                    known.wake.set()
                self._watch(fresh)
            for gone in [key for key in self._known if key not in rows and not key.startswith(FROM_SETTINGS)]:
                known = self._known.pop(gone)
                known.gone = True
                known.wake.set()

    def _watch(self, known: _Known) -> None:
        self._known[known.row.id] = known
        if not self._closed:
            threading.Thread(target=self._look, args=(known,), name=f"provider-{known.row.name}", daemon=True).start()

    def _look(self, known: _Known) -> None:
        """Ask one provider again and again, until it is changed or removed."""
        wait_s = AGAIN_S
        while not (self._closed or known.gone):
            known.wake.clear()
            try:
                found, status, message = usable(_ask(known.row, self._key(known))), "up", ""
            except StudioError as exc:
                found, status, message = None, _status(exc), exc.message
            except Exception as exc:  # whatever answers there, it must not end the watch
                found, status, message = (
                    None,
                    "failing",
                    f"{known.row.name} can't be understood ({type(exc).__name__}).",
                )
            self._note(known, found, status, message)  # type: ignore[arg-type]  # "up" and "failing" are of them
            if status == "up":
                wait_s = AGAIN_S
                known.wake.wait(EVERY_S)
            else:
                known.wake.wait(wait_s)
                wait_s = min(2 * wait_s, AWAY_AT_MOST_S if status == "unreachable" else FAILING_AT_MOST_S)

    def _note(self, known: _Known, found: Found | None, status: Status, message: str) -> None:
        if known.gone or self._closed:
            return
        changed = found is not None and found != known.found
        if found is not None and changed:
            known.found, known.specs = found, specs_of(known.row, found)
        known.message = message
        if status != known.status:
            same = known.status == "checking" and known.row.status == status
            known.since = known.row.since if same else now()
            known.status = status
            log.info("provider", name=known.row.name, status=status, models=len(known.specs))
        elif not changed:
            return
        if known.row.id.startswith(FROM_SETTINGS):
            return
        try:
            kept = write_found(found) if found is not None and changed else None
            self._rows.note(known.row.id, known.row.revision, status, known.since, kept)
        except StorageFailed as exc:  # the studio closes, or its disk is full: it is asked again anyway
            log.debug("provider_not_noted", name=known.row.name, error=exc.message)

    def close(self) -> None:
        """End the watches."""
        self._closed = True
        self.wake()


def _ask(row: ProviderRow, key: str) -> Found:
    server = Server(row.name, row.url, key, row.own_network, float(row.timeout_s))
    return engines.PROVIDERS[row.kind].discover(server, CHECK_S)


def _status(exc: StudioError) -> Status:
    if isinstance(exc, SecretUnreadable):
        return "locked"
    if isinstance(exc, ProviderRefusedKey):
        return "refused_key"
    return "unreachable" if isinstance(exc, ProviderUnreachable) else "failing"


def _bound(provider_id: str, url: str) -> str:
    """What a key is bound to: its provider, and the place it was entered for."""
    return f"provider {provider_id} at {origin(url)}"


def _row(draft: Draft, provider_id: str) -> ProviderRow:
    return ProviderRow(
        id=provider_id,
        name=draft.name,
        kind=draft.kind,
        url=draft.url,
        created_at=now(),
        hint=hint_of(draft.key),
        own_network=draft.own_network,
        timeout_s=draft.timeout_s,
        models=draft.models,
    )


def _info(known: _Known) -> ProviderInfo:
    row = known.row
    return ProviderInfo(
        id=row.id,
        name=row.name,
        kind=row.kind,
        url=row.url,
        key_hint=f"…{row.hint}" if row.secret is not None or known.key else "",
        own_network=row.own_network,
        timeout_s=row.timeout_s,
        models=row.models,
        status=known.status,
        since=known.since,
        message=known.message,
        offered=len(known.specs),
        left_out=known.found.left_out,
        from_settings=row.id.startswith(FROM_SETTINGS),
    )


def _only_owner(caller: Caller) -> None:
    if caller.role != "admin":
        raise Forbidden("Only the owner of this Hearth can connect servers. Ask them to.")
