"""Settings: one frozen object from the command line and ``HEARTH_*``, with its own help."""

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import NoReturn

import platformdirs
import psutil

import engines
from contract.errors import InvalidRequest
from studio.provider_rows import from_settings

_ORIGIN = re.compile(r"https?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_Reader = Callable[[str], object]


def _default_data_dir() -> Path:
    # A Space keeps files across restarts in /data alone, and only when storage was bought for it.
    if "SPACE_ID" in os.environ and os.access("/data", os.W_OK):
        return Path("/data")
    return Path(platformdirs.user_data_dir("hearth", appauthor=False))


def _default_budget_mb() -> int:
    return int(psutil.virtual_memory().total * 0.7 / 1024 / 1024)


def _is_yes(text: str) -> bool:
    yes, no = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
    if text.lower() not in (*yes, *no):
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is neither yes nor no: use 1 or 0")
    return text.lower() in yes


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not a port: use 0 to 65535")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is not a whole number above 0 and below 1,000,000,000")
    return int(text)


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as exc:  # an unknown ~user, a loop of links, a name too long
        raise argparse.ArgumentTypeError(f"{text[:80]!r} can't be a folder: {exc}") from exc


def _help(text: str) -> dict[str, str]:
    return {"help": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this Hearth runs. Each field is ``--a-field`` and ``HEARTH_A_FIELD``; the option wins."""

    host: str = field(default="127.0.0.1", metadata=_help("address to listen on"))
    port: int = field(default=7860, metadata=_help("port to listen on; 0 takes any free one"))
    data_dir: Path = field(
        default_factory=_default_data_dir, metadata=_help("folder for the database, files and models")
    )
    share: bool = field(default=False, metadata=_help("open a temporary public link (needs --open or --require-key)"))
    open: bool = field(
        default=False,
        metadata=_help("let anybody who can reach the address use it without a login; each browser sees its own"),
    )
    require_key: bool = field(
        default=False, metadata=_help("let nobody in without an API key; `app.py keys add NAME` makes one")
    )
    cors_origins: str = field(
        default="", metadata=_help("sites whose pages may use the API, with commas between: https://a.example")
    )
    api_only: bool = field(
        default=False, metadata=_help("serve the HTTP API without the dashboard: less memory, a quicker start")
    )
    no_starters: bool = field(default=False, metadata=_help("do not fetch the starter models at start"))
    demo: bool = field(default=False, metadata=_help("run on the echo engines alone, without any model"))
    ollama_host: str = field(default="", metadata=_help("address of an Ollama server; empty: OLLAMA_HOST"))
    servers: str = field(
        default="",
        metadata=_help(
            "model servers to connect, with commas between: name=http://host:8000/v1 or name=anthropic:https://…; "
            "HEARTH_KEY_NAME holds a key"
        ),
    )
    threads: int = field(
        default_factory=lambda: psutil.cpu_count(logical=True) or 1, metadata=_help("CPU threads a model may use")
    )
    memory_budget_mb: int = field(
        default_factory=_default_budget_mb, metadata=_help("memory that all loaded models together may take")
    )
    card_budget_mb: int = field(default=0, metadata=_help("the same of a graphics card's memory; 0: nine tenths of it"))
    keep_alive_s: int = field(default=900, metadata=_help("seconds that an idle model stays in memory"))
    workers: str = field(
        default="on",
        metadata=_help(
            "which engines run in processes of their own: on (llama.cpp and those with torch), all, off, or names with "
            "commas between"
        ),
    )
    worker_timeout_s: int = field(
        default=600, metadata=_help("seconds that such a process may give no sign while it works")
    )
    log_json: bool = field(default=False, metadata=_help("write the server log as JSON lines"))

    @property
    def models_dir(self) -> Path:
        """Where models are kept."""
        return self.data_dir / "models"

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of ``cors_origins``."""
        return tuple(origin.strip() for origin in self.cors_origins.split(",") if origin.strip())

    @property
    def in_workers(self) -> frozenset[str]:
        """The engines of ``workers``; a name that is none is one of them too."""
        known = {"on": engines.APART, "all": engines.LOCAL, "off": frozenset[str]()}
        named = frozenset(name.strip() for name in self.workers.split(","))
        return known.get(self.workers, named)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        return self.host in LOOPBACK and not self.share

    @classmethod
    def load(cls, argv: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment, then the command line; exits with a sentence on a bad value.

        Args:
            argv: Arguments without the program's name.
            environ: ``os.environ`` unless given.
        """
        environ = os.environ if environ is None else environ
        parser = _parser()
        values = vars(parser.parse_args(list(argv)))
        for item in fields(cls):
            name = f"HEARTH_{item.name.upper()}"
            # A variable that is set and empty, as Compose files leave them, says nothing.
            if values[item.name] is None and environ.get(name):
                try:
                    values[item.name] = _reader(item)(environ[name])
                except argparse.ArgumentTypeError as exc:
                    parser.error(f"{name}: {exc}")
        given = {key: value for key, value in values.items() if value is not None}
        if "SPACE_ID" in environ:
            given.setdefault("host", "0.0.0.0")  # a Space is reached through its container's network
        if environ.get("SPACES_ZERO_GPU"):
            given.setdefault("workers", "off")  # its GPU is lent to calls from the main process alone
        if not given.get("ollama_host"):
            given["ollama_host"] = environ.get("OLLAMA_HOST", "")
        settings = cls(**given)
        for origin in settings.origins:
            if not _ORIGIN.fullmatch(origin):
                parser.error(f"--cors-origins: {origin!r} is not a site's origin: write it like https://a.example:8443")
        if unknown := settings.in_workers - engines.LOCAL:
            parser.error(
                f"--workers: {', '.join(sorted(unknown))[:80]!r} is no engine that runs here: use on, all, off, or of "
                f"{', '.join(sorted(engines.LOCAL))}"
            )
        try:
            from_settings(settings.servers, environ)
        except InvalidRequest as exc:
            parser.error(f"--servers: {exc.message}")
        if not settings.loopback and not (settings.open or settings.require_key) and "SPACE_ID" not in environ:
            parser.error(
                f"{'--share' if settings.share else f'--host {settings.host}'} lets others reach this Hearth. "
                "Add --require-key to let in who has an API key, --open to let in anybody, or keep to 127.0.0.1."
            )
        return settings


def _default(item: "Field[object]") -> object:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default


def _reader(item: "Field[object]") -> _Reader:
    default = _default(item)
    if item.name == "port":
        return _port
    if isinstance(default, bool):
        return _is_yes
    if isinstance(default, int):
        return _positive
    return _folder if isinstance(default, Path) else str


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the list of every option before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[:1].upper()}{message[1:].rstrip('.')}. `python app.py --help` lists the options.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="app.py",
        allow_abbrev=False,  # a short form of today may mean another option tomorrow
        description="Hearth: a local AI studio. Chat, translate, draw, speak and listen on your own machine.",
        epilog="The name in brackets is the environment variable that does the same; an option wins over it.",
    )
    for item in fields(Settings):
        flag, text = "--" + item.name.replace("_", "-"), item.metadata["help"]
        variable = f"[HEARTH_{item.name.upper()}]"
        if isinstance(item.default, bool):
            parser.add_argument(flag, action="store_true", default=None, help=f"{text} {variable}")
            continue
        shown = {"data_dir": "the user's data folder", "threads": "all", "memory_budget_mb": "70 %% of the memory"}
        hint = shown.get(item.name, _default(item) or "none")
        parser.add_argument(
            flag,
            type=_reader(item),
            default=None,
            metavar=item.name.upper(),
            help=f"{text} (default: {hint}) {variable}",
        )
    return parser
