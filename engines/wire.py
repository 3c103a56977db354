"""One request to a provider's server over HTTP: bounded waits, a connection that can be cut, errors as sentences.

The address is the owner's; what answers there is not. So an answer is read up to a size and a time, a
redirect is never followed (the key would go along), the server's words are quoted without the key, and
the connection is looked at before anything is sent: an address of this machine or of its own network
is asked only where the owner's text names one, so that a public name can't be turned inwards later, and
the link-local ones, where clouds keep a machine's credentials, never.
"""

import ipaddress
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from contract.engine import Stop
from contract.errors import (
    InvalidRequest,
    ProviderBusy,
    ProviderFailed,
    ProviderRefusedKey,
    ProviderUnreachable,
    StudioError,
    UnknownModel,
)
from engines.checks import brief
from engines.line import Line
from engines.llama_tools import Json

if TYPE_CHECKING:
    import ssl

    import httpx

JsonObject = dict[str, Json]
CONNECT_S = 5.0
WHOLE_ANSWER_BYTES = 8 * 1024 * 1024
ERROR_BYTES = 64 * 1024
EVENT_BYTES = 4 * 1024 * 1024
LONGEST_WAIT_S = 24 * 3600
_HOST = re.compile(r"[\w.-]+|[0-9a-fA-F:.]+(%\w+)?")
_KEY = re.compile(r"[!-~]{1,500}")
_OWN_NAMES = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localdomain", ".localhost")


@dataclass(frozen=True, slots=True)
class Server:
    """Where a provider is and how it is asked.

    Attributes:
        name: What the owner calls it; for messages.
        url: Its address, from ``address``.
        key: What it asks for; "": nothing.
        own_network: Its name may lead to this machine or into its network, although it does not look so.
        timeout_s: How long it may say nothing.
    """

    name: str
    url: str
    key: str = field(default="", repr=False)
    own_network: bool = False
    timeout_s: float = 300.0


def address(text: str) -> str:
    """Return an address in its one form, without a slash at its end.

    Raises:
        InvalidRequest: It is no http or https address, or holds a name, a password, a query or a fragment.
    """
    shown = text.strip()
    try:
        url = urlsplit(shown)
        ok = url.scheme in ("http", "https") and url.hostname and (url.port is None or url.port > 0)
    except ValueError:
        url, ok = urlsplit(""), False
    odd = len(shown) > 500 or not shown.isprintable() or " " in shown or "\\" in shown
    if not ok or odd or not _HOST.fullmatch(str(url.hostname)):
        raise InvalidRequest(
            f"The address is {shown[:80]!r}; it must be like http://127.0.0.1:8000/v1 or https://example.com/v1.",
            field="url",
        )
    if "@" in url.netloc or url.query or url.fragment or "?" in shown or "#" in shown:
        raise InvalidRequest(
            "The address holds more than a host, a port and a path. Leave the rest out; a key has its own field.",
            field="url",
        )
    name = str(url.hostname)
    port = f":{url.port}" if url.port is not None else ""
    return f"{url.scheme}://{f'[{name}]' if ':' in name else name}{port}{url.path.rstrip('/')}"


def origin(url: str) -> str:
    """Return scheme, host and port of an address: whom a key is for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def check_key(key: str) -> None:
    """Refuse what can't be sent as a key."""
    if key and not _KEY.fullmatch(key):
        raise InvalidRequest("The key has blanks or signs that no key has. Copy it again.", field="key")


def is_own(url: str) -> bool:
    """Whether an address looks as if it were on this machine or in its network."""
    name = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        return "." not in name or name.endswith(_OWN_NAMES)


class Wire:
    """Asks one server.

    Args:
        headers: Sent with each request, the key among them; they go to this server alone.
    """

    def __init__(self, server: Server, headers: Mapping[str, str]) -> None:
        self._server = server
        self._headers = {**headers, "User-Agent": "hearth"}

    def ask(self, path: str, timeout_s: float) -> Json:
        """Return the JSON of a GET, whole; ``timeout_s`` is for all of it.

        Raises:
            StudioError: As in the error table.
        """
        until, silence_s = time.monotonic() + timeout_s, min(timeout_s, self._server.timeout_s)
        url, body = self._server.url + path, b""
        with self._line(Stop()) as client, self._told(Stop()), client.stream("GET", url, timeout=silence_s) as reply:
            self._check_status(reply)
            body = self._read(reply, WHOLE_ANSWER_BYTES, until)
        return self._json(body)

    def stream(self, path: str, body: JsonObject, stop: Stop) -> Iterator[JsonObject]:
        """Yield the JSON of each event that a POST brings, until the last, the stop, or the end of the answer.

        Raises:
            StudioError: As in the error table.
        """
        url = self._server.url + path
        with self._line(stop) as client, self._told(stop), client.stream("POST", url, json=body) as reply:
            self._check_status(reply)
            kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind == "application/json":  # it does not stream, or tells an error so
                yield self._object(self._read(reply, WHOLE_ANSWER_BYTES))
                return
            if kind not in ("text/event-stream", ""):
                raise self._no_api(kind)
            for data in self._events(reply):
                if stop.is_set() or data == "[DONE]":
                    return
                yield self._object(data.encode())

    # Pieces

    def _line(self, stop: Stop) -> "httpx.Client":
        """Return a client of its own for one request, so that its socket can be cut."""
        import httpx

        line = Line(self._check_peer)
        client = httpx.Client(
            headers=self._headers,
            timeout=httpx.Timeout(self._server.timeout_s, connect=CONNECT_S),
            verify=_certificates() if self._server.url.startswith("https:") else False,
            event_hooks={"request": [line.watch]},
            follow_redirects=False,
            trust_env=not is_own(self._server.url),
        )
        stop.on_set(line.cut)
        return client

    def _told(self, stop: Stop) -> "_Told":
        return _Told(self, stop)

    def _check_peer(self, peer: str) -> None:
        found = ipaddress.ip_address(peer.partition("%")[0])
        found = getattr(found, "ipv4_mapped", None) or found
        name = urlsplit(self._server.url).hostname
        if found.is_link_local or found.is_multicast or found.is_unspecified:
            raise ProviderUnreachable(f"{name} leads to {found}, where no model server is. Change its address.")
        if not found.is_global and not self._server.own_network and not is_own(self._server.url):
            raise ProviderUnreachable(
                f"{name} leads to {found}, which is in this machine's own network, so nothing was sent. If that is "
                "meant, tick “In my own network” at this server.",
                field="own_network",
            )

    def _events(self, reply: "httpx.Response") -> Iterator[str]:
        """Yield the data of each server-sent event."""
        data: list[str] = []
        for line in self._lines(reply):
            if not line:
                if data:
                    yield "\n".join(data)
                data = []
            elif line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
        if data:
            yield "\n".join(data)

    def _lines(self, reply: "httpx.Response") -> Iterator[str]:
        rest = b""
        for piece in reply.iter_bytes():
            *lines, rest = (rest + piece).replace(b"\r\n", b"\n").split(b"\n")
            if len(rest) > EVENT_BYTES:
                raise self._failed(f"sent an event of over {EVENT_BYTES // 1024 // 1024} MB")
            yield from (line.rstrip(b"\r").decode("utf-8", "replace") for line in lines)
        yield rest.decode("utf-8", "replace")

    def _read(self, reply: "httpx.Response", most: int, until: float | None = None) -> bytes:
        pieces, size = [], 0
        for piece in reply.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise self._failed(f"sent an answer of over {most // 1024 // 1024} MB")
            if until is not None and time.monotonic() > until:
                raise self._failed("took too long to answer")
        return b"".join(pieces)

    def _json(self, body: bytes) -> Json:
        try:
            found: Json = json.loads(body)
        except (ValueError, RecursionError) as exc:
            if body.lstrip()[:1] == b"<":
                raise self._no_api("text/html") from exc
            raise self._failed("sent something that is no JSON") from exc
        return found

    def _object(self, body: bytes) -> JsonObject:
        found = self._json(body)
        if not isinstance(found, dict):
            raise self._failed("sent something that is not of its protocol")
        if found.get("error"):
            raise self.told_error(found["error"])
        return found

    def _no_api(self, kind: str) -> ProviderFailed:
        what = "a web page" if "html" in kind else f"{kind[:40]}"
        return ProviderFailed(
            f"{self._server.name} answered with {what}, so no model server is at {self._server.url}. Correct its "
            "address; it often ends in /v1.",
            host=self._server.url,
        )

    def _failed(self, what: str) -> ProviderFailed:
        return ProviderFailed(f"{self._server.name} {what}. Try again, or look at that server.", host=self._server.url)

    def told_error(self, error: Json) -> StudioError:
        """The error table, first part: an error that the server told in the middle of a stream."""
        words = self._words(error)
        kind = str(error.get("type") or error.get("code") or "") if isinstance(error, dict) else ""
        if "rate_limit" in kind or "overloaded" in kind:
            return ProviderBusy(f"{self._server.name} takes no more for now: {words}. Try again later.")
        return ProviderFailed(f"{self._server.name} failed: {words}. Try again.", host=self._server.url)

    def _check_status(self, reply: "httpx.Response") -> None:
        """The error table, second part: statuses that are no success."""
        status, name = reply.status_code, self._server.name
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise ProviderFailed(
                f"{name} sends its callers to another address, and the key goes to no other. Enter that address, if "
                "it is right.",
                host=self._server.url,
                status=status,
            )
        if "html" in reply.headers.get("content-type", "") and status in (403, 404, 405):
            raise self._no_api("text/html")
        body = b""
        for piece in reply.iter_bytes():
            body += piece
            if len(body) > ERROR_BYTES:
                break
        words = self._words(_said(body[:ERROR_BYTES]))
        if status in (401, 403):
            raise ProviderRefusedKey(
                f"{name} does not take our key ({status}: {words}). Enter the right key in Models.", status=status
            )
        if status == 429 or (status == 529):
            wait = retry_after(reply.headers.get("retry-after", ""))
            when = "later" if wait is None else f"in {wait} s"
            details = {} if wait is None else {"retry_after_s": wait}
            raise ProviderBusy(f"{name} takes no more for now: {words}. Try again {when}.", status=status, **details)
        if status == 404:
            raise UnknownModel(f"{name} has no such model or path: {words}. Look at its models.", status=status)
        if status in (400, 413, 422):
            raise InvalidRequest(f"{name} refused the request: {words}. Change it and try again.", status=status)
        wait = retry_after(reply.headers.get("retry-after", "")) if status == 503 else None
        if wait is not None:
            raise ProviderBusy(f"{name} is not ready: {words}. Try again in {wait} s.", status=503, retry_after_s=wait)
        raise ProviderFailed(
            f"{name} failed ({status}: {words}). Try again later.", host=self._server.url, status=status
        )

    def _words(self, said: Json) -> str:
        """What a server says, fit for a sentence, without our key."""
        if isinstance(said, dict):
            said = said.get("message") or said.get("detail") or said.get("error") or said.get("type") or said
        text = said if isinstance(said, str) else json.dumps(said)
        if self._server.key:
            text = text.replace(self._server.key, "…")
        return brief(re.sub(r"<[^>]*>", " ", text) if "<html" in text.lower() else text).rstrip(".") or "no reason"

    def unreachable(self, exc: Exception) -> StudioError:
        """The error table, last part: what httpx raised."""
        import httpx

        name, url = self._server.name, self._server.url
        if isinstance(exc, httpx.ConnectError) and "CERTIFICATE" in str(exc):
            return ProviderUnreachable(
                f"The certificate of {url} is not one that this machine trusts, so nothing was sent. Give it a valid "
                "one, or name its authority's file in SSL_CERT_FILE.",
                host=url,
            )
        if isinstance(exc, httpx.ConnectTimeout | httpx.ConnectError | httpx.UnsupportedProtocol | OSError):
            return ProviderUnreachable(
                f"{name} does not answer at {url}. Start that server, or correct its address in Models.", host=url
            )
        if isinstance(exc, httpx.TimeoutException):
            return ProviderFailed(
                f"{name} said nothing for {self._server.timeout_s:g} s. Try again, or give it longer in Models.",
                host=url,
            )
        return ProviderFailed(f"{name} broke off ({self._words(str(exc) or type(exc).__name__)}). Try again.", host=url)


class _Told:
    """Turns what httpx raises inside the block into the one tree of errors; after a stop, into nothing."""

    def __init__(self, wire: Wire, stop: Stop) -> None:
        self._wire, self._stop = wire, stop

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, exc: BaseException | None, traceback: object) -> bool:
        if exc is None or not isinstance(exc, Exception):
            return False
        if self._stop.is_set():
            return True
        if isinstance(exc, StudioError):
            return False
        raise self._wire.unreachable(exc) from exc


def retry_after(text: str) -> int | None:
    """Return the seconds that a Retry-After header names, as seconds or as a date; None: it names none."""
    text = text.strip()
    try:
        is_date = not text.replace(".", "", 1).isdigit()
        seconds = parsedate_to_datetime(text).timestamp() - time.time() if is_date else float(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(LONGEST_WAIT_S, max(1, round(seconds)))


def objects(value: Json) -> list[JsonObject]:
    """Return the objects of a list; of anything else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def part(value: Json, name: str) -> JsonObject:
    """Return the object that an object has under a name; an empty one where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def count(value: Json) -> int | None:
    """Return a figure of a server's; None for what is none."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _said(body: bytes) -> Json:
    try:
        found: Json = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    return found.get("error", found) if isinstance(found, dict) else found


@cache
def _certificates() -> "ssl.SSLContext":
    import httpx

    return httpx.create_ssl_context()
