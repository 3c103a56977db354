"""Reads settings, builds the Studio, and serves dashboard and API in one process.

The address answers within a second: the API at once, the page with a short "one moment" until
Gradio, which takes seconds to import, is there. Both live behind one gate and one port.
"""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import TypeVar

# Before anything imports Gradio or a hub client: nothing is reported to anybody.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
# FastAPI's own spans hold what people wrote; ours, in studio/otlp.py, do not.
os.environ["FASTAPI_OTEL_AUTO_CONFIGURE"] = "false"

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import API_PATHS
from api.dashboard_gate import DashboardGate, uploads_folder
from api.server import behind_the_door, create_api
from studio import Settings, Studio, StudioError
from studio.telemetry import telemetry

log = structlog.get_logger("app")
T = TypeVar("T")
# Python lets a busy thread keep the interpreter for 5 ms while the event loop waits to pass on a token; 1 ms halves
# the time to the first one and costs nothing that can be measured.
SWITCH_S = 0.001
COMMANDS = ("keys", "models", "score")
SHUTDOWN_S = 2  # an open page holds a connection for ever; it may not hold up the end


def configure_log(settings: Settings) -> None:
    """Set up structlog: for people on a terminal, or JSON lines; each line carries its request id."""
    # The default way to show a traceback has the local variables too, and those hold what people wrote.
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    renderer = structlog.processors.JSONRenderer() if settings.log_json else console
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_json:
        processors.append(structlog.processors.format_exc_info)
    logging.basicConfig(handlers=[LibraryLog()], level=logging.WARNING, force=True)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


class LibraryLog(logging.Handler):
    """What libraries log goes where our own lines go, in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


@contextlib.contextmanager
def bound_socket(settings: Settings) -> Iterator[socket.socket]:
    """Lend a socket on the address, taken but not listening yet.

    Raises:
        SystemExit: The port is in use, or the address is not this machine's; says what to do.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((settings.host, settings.port))
        except (OSError, UnicodeError) as exc:  # idna can't write every name
            raise SystemExit(_unbound(settings, exc)) from exc
        yield server


def listen(settings: Settings, server: socket.socket) -> None:
    """Listen: from now on a browser waits instead of being refused; exits when another was quicker."""
    try:
        server.listen(2048)
    except OSError as exc:
        raise SystemExit(_unbound(settings, exc)) from exc


def _unbound(settings: Settings, exc: OSError | UnicodeError) -> str:
    """Say why the address can't be had, and what to do."""
    number = exc.errno if isinstance(exc, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            f"Port {settings.port} of {settings.host} is in use, perhaps by another Hearth. "
            "End that program, or choose another port: --port 0 takes any free one."
        )
    if number in (errno.EACCES, errno.EPERM):
        return f"Hearth may not use port {settings.port}: the system keeps it. Choose one above 1023 with --port."
    why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return (
        f"Hearth can't listen on {settings.host[:80]}: {why}. It is no address of this machine; "
        "use --host 127.0.0.1, or 0.0.0.0 for all of its addresses."
    )


def fetch_starters(settings: Settings) -> None:
    """Fetch the starter models that are not here yet, with progress; offline it goes on without."""
    if settings.demo or settings.no_starters:
        return
    from studio.starters import fetch_starters as fetch
    from studio.starters import missing_starters

    if missing_starters(settings.models_dir):
        print("Fetching the starter models. This happens once.", file=sys.stderr)
        fetch(settings.models_dir)


class Dashboard:
    """The ASGI app behind the API's routes: a page that says "one moment", then Gradio's."""

    def __init__(self, studio: Studio, api: FastAPI) -> None:
        self._studio = studio
        self._api = api
        self._inner: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(API_PATHS):
            raise HTTPException(404)
        if self._inner is not None:
            await self._inner(scope, receive, send)
            return
        page = {"failed": FAILED_PAGE, "off": OFF_PAGE}.get(self._api.state.dashboard, MOMENT_PAGE)
        await HTMLResponse(page, headers={"Cache-Control": "no-store"})(scope, receive, send)

    @contextlib.asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Load Gradio beside the running server, and end it with the server."""
        if self._studio.settings.api_only:
            self._api.state.dashboard = "off"
            settle()
            yield
            return
        async with contextlib.AsyncExitStack() as stack:
            loading = asyncio.create_task(self._load(stack))
            yield
            loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loading

    async def _load(self, stack: contextlib.AsyncExitStack) -> None:
        try:
            inner, page = await on_a_thread(lambda: build_dashboard(self._studio))
            await on_a_thread(settle)
            await stack.enter_async_context(inner.router.lifespan_context(inner))
        except Exception:
            self._api.state.dashboard = "failed"
            log.exception("dashboard_failed")
            return
        self._inner = DashboardGate(page)
        self._api.state.dashboard = "up"
        log.info("dashboard_up", seconds=round(time.time() - self._studio.started, 2))


async def on_a_thread(make: Callable[[], T]) -> T:
    """Return what ``make`` returns, from a thread that the end of the process does not wait for.

    ``asyncio.to_thread`` would: whoever ends a Hearth that has just begun would wait for Gradio first.
    """
    loop = asyncio.get_running_loop()
    made: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: Exception | None) -> None:
        if made.cancelled():
            return
        if error is None:
            made.set_result(result)  # type: ignore[arg-type]  # without an error there is a result
        else:
            made.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = make()
        except Exception as exc:
            error = exc
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=work, name="dashboard", daemon=True).start()
    return await made


def settle() -> None:
    """Leave what the start has made out of all later garbage collections.

    Gradio alone leaves a quarter of a million objects that stay for good. Looking through them took
    100 ms of each full collection, which stops everything: every twentieth of 20 clients at once waited for one.
    """
    gc.collect()
    gc.freeze()


def build_dashboard(studio: Studio) -> tuple[FastAPI, ASGIApp]:
    """Import Gradio and return an app with the dashboard at its root, and that app as browsers shall see it."""
    # Gradio's own place is shared by all users of the machine, and never emptied.
    os.environ["GRADIO_TEMP_DIR"] = str(uploads_folder(studio.settings.data_dir))
    import gradio as gr

    from ui import dashboard
    from ui.page import Page

    blocks = dashboard.build(studio)
    # Only launch() sets this; without it Gradio does not check the paths that clients name.
    blocks.has_launched = True
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(app, blocks, path="/", **dashboard.mount_kwargs())
    return app, Page(app)


def open_share_link(port: int) -> None:
    """Open Gradio's tunnel to this server and print its address; offline, say so."""
    from gradio import networking

    try:
        address = networking.setup_tunnel("127.0.0.1", port, secrets.token_urlsafe(32), None, None)
    except Exception as exc:  # no network, no tunnel client for this machine, their server down
        log.error("share_failed", error=str(exc))
        print("No share link: the tunnel could not be opened. Hearth works on this machine all the same.", flush=True)
        return
    print(f"Anybody with this link can use this Hearth for 72 hours: {address}", flush=True)


class Server(uvicorn.Server):
    """Ends the replies that are being written before it waits for the connections that carry them."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop what runs, then end; what open pages still hold is cut off without a word."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        self._studio.stop_jobs()
        await super().shutdown(sockets)


def serve(settings: Settings, server: socket.socket) -> None:
    """Serve until interrupted."""
    sys.setswitchinterval(SWITCH_S)
    with telemetry(os.environ) as sent, Studio.open(settings) as studio:
        if sent is not None:
            sent.watch(studio)
        if studio.interrupted:
            log.warning("jobs_interrupted", count=studio.interrupted)
        studio.resume_downloads()
        api = create_api(studio)
        dashboard = Dashboard(studio, api)
        api.router.lifespan_context = dashboard.lifespan
        # Behind all routes rather than mounted at "/": a mount would turn each wrong method into a 404.
        api.router.default = dashboard
        door = behind_the_door(api, studio, embedded="SPACE_ID" in os.environ, telemetry=sent)
        config = uvicorn.Config(
            door, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_S, server_header=False
        )
        host, port = server.getsockname()[:2]
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        print(f"Hearth is at http://{shown}:{port}  (Ctrl+C ends it)", flush=True)
        if settings.require_key and not studio.keys.all():
            print("Nobody can come in yet: make a key with `python app.py keys add NAME --scope admin`.", flush=True)
        if settings.share:
            threading.Thread(target=open_share_link, args=(port,), daemon=True).start()
        Server(config, studio).run(sockets=[server])


def main(argv: Sequence[str]) -> None:
    """Run Hearth from a command line."""
    if argv and argv[0] in COMMANDS:
        from studio import key_command, models_command, scoring

        try:
            {"keys": key_command.run, "models": models_command.run, "score": scoring.run}[argv[0]](argv[1:])
        except StudioError as error:
            raise SystemExit(f"{error.title}. {error.message}") from error
        return
    settings = Settings.load(argv)
    configure_log(settings)
    # Not the default, which ends the process on the spot: what is open is closed first. A server that has
    # ended sends itself the signal again, so this serves there too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # A shell that starts it in the background has SIGINT ignored, and the status would tell of no interruption.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people wrote is theirs
        # The port first: nobody should wait for a download to learn that it is in use.
        with bound_socket(settings) as server:
            fetch_starters(settings)
            listen(settings, server)
            serve(settings, server)
    except StudioError as error:
        raise SystemExit(f"{error.title}. {error.message}") from error
    except OSError as exc:
        raise SystemExit(
            f"The data folder {settings.data_dir} can't be used: {exc.strerror or exc}. "
            "Make it writable, or choose another with --data-dir."
        ) from exc
    except KeyboardInterrupt:
        raise SystemExit(130) from None


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hearth</title>
<meta name="viewport" content="width=device-width">
<style>:root{{color-scheme:light dark}}body{{margin:0;min-height:100vh;display:grid;place-content:center;
text-align:center;font:18px Lora,Georgia,serif;background:#faf7f2;color:#1f1b16}}p{{color:#6b6258;font-size:15px}}
@media(prefers-color-scheme:dark){{body{{background:#171412;color:#f3ede4}}p{{color:#b3a799}}}}</style>
<main role="status">{body}</main></html>"""
MOMENT_PAGE = PAGE.format(
    body="""<h1>Hearth</h1><p>One moment, the dashboard is opening.</p><p lang="pl">Chwileczkę, panel się otwiera.</p>
<script>setInterval(async()=>{try{if((await fetch("/ready")).status!==503)location.reload()}catch{}},250)</script>"""
)
OFF_PAGE = PAGE.format(
    body="""<h1>Hearth</h1><p>It was started with <code>--api-only</code>, so there is no dashboard here. The API works:
<a href="/docs">what it can do</a>.</p>
<p lang="pl">Uruchomiono je z <code>--api-only</code>, więc nie ma tu panelu. API działa.</p>"""
)
FAILED_PAGE = PAGE.format(
    body="""<h1>Hearth</h1><p>The dashboard could not open; the server's log says why. The API works.</p>
<p lang="pl">Panel nie otworzył się; powód jest w dzienniku serwera. API działa.</p>"""
)


if __name__ == "__main__":
    main(sys.argv[1:])
