"""Runs models, one file an engine; knows nothing of users, HTTP, Gradio or the database.

``ENGINES`` has every engine's class by name, ``PROVIDERS`` every protocol that a server elsewhere may
speak. Importing it costs milliseconds: an engine imports its libraries in ``load``.
"""

import importlib.util

from contract.engine import Engine
from contract.errors import EngineMissing
from contract.models import ModelSpec
from engines import anthropic, openai_compatible
from engines.anthropic import Anthropic
from engines.diffusers import Diffusers
from engines.echo import EchoChat, EchoEmbedding, EchoImage, EchoSpeech, EchoTranscription, EchoTranslation
from engines.espeak import Espeak, robotic_languages, robotic_voice
from engines.firefox import Firefox
from engines.llama_cpp import LlamaCpp
from engines.llama_embedding import LlamaEmbedding
from engines.ollama import Ollama
from engines.openai_compatible import OpenAICompatible
from engines.piper import Piper
from engines.provider import ProviderKind
from engines.transformers import TransformersTranslation
from engines.transformers_chat import TransformersChat
from engines.whisper import Whisper

_CLASSES: tuple[type[Engine], ...] = (
    LlamaCpp,
    LlamaEmbedding,
    Ollama,
    OpenAICompatible,
    Anthropic,
    TransformersChat,
    Firefox,
    TransformersTranslation,
    Piper,
    Espeak,
    Whisper,
    Diffusers,
    EchoChat,
    EchoTranslation,
    EchoImage,
    EchoSpeech,
    EchoTranscription,
    EchoEmbedding,
)
ENGINES: dict[str, type[Engine]] = {engine.name: engine for engine in _CLASSES}
_KINDS: tuple[ProviderKind, ...] = (
    ProviderKind(
        name="openai",
        title="OpenAI-compatible",
        engines={"chat": OpenAICompatible},
        discover=openai_compatible.discover,
        url="http://127.0.0.1:8000/v1",
    ),
    ProviderKind(
        name="anthropic",
        title="Anthropic",
        engines={"chat": Anthropic},
        discover=anthropic.discover,
        url="https://api.anthropic.com",
    ),
)
PROVIDERS: dict[str, ProviderKind] = {kind.name: kind for kind in _KINDS}
# Those that can run in a process of their own, and those that do unless asked otherwise: large native libraries,
# which may take their process down, and whose memory comes back whole only with its end.
LOCAL: frozenset[str] = frozenset(name for name, engine in ENGINES.items() if engine.lane != "remote")
APART: frozenset[str] = frozenset({"llama_cpp", "llama_embedding", "transformers", "transformers_chat", "diffusers"})


def make(spec: ModelSpec, threads: int, key: str, silent_s: float | None) -> Engine:
    """Return the engine of a model, unloaded.

    Args:
        silent_s: It gets a process of its own, which may give no sign of life for so long; None: it runs in this one.
    """
    engine = ENGINES[spec.engine]
    if silent_s is None:
        return engine(spec, threads=threads, key=key)
    from engines.in_worker import in_worker  # what it needs takes 50 ms to import

    return in_worker(engine)(spec, threads=threads, key=key, timeout_s=silent_s)


_present: set[str] = set()  # modules once found: they stay, and every request would look for them again


def missing(engine: type[Engine]) -> list[str]:
    """The modules that ``engine`` needs and this Python has not, found without importing any."""
    absent = [name for name in engine.requires if name not in _present and importlib.util.find_spec(name) is None]
    _present.update(name for name in engine.requires if name not in absent)
    return absent


def adding(engine: type[Engine]) -> str:
    """The command that installs what ``engine`` needs."""
    return "make install PROFILE=full" if engine.extra else "make install"


def require(engine: type[Engine]) -> None:
    """Raise EngineMissing, with the command that adds what is missing, unless ``engine`` can load."""
    absent = missing(engine)
    if absent:
        command = adding(engine)
        raise EngineMissing(
            f"The engine {engine.name} needs {', '.join(absent)}, which is not installed. "
            f"Run `{command}` in Hearth's folder, then start it again.",
            engine=engine.name,
            missing=", ".join(absent),
            command=command,
        )


__all__ = [
    "APART",
    "ENGINES",
    "LOCAL",
    "PROVIDERS",
    "ProviderKind",
    "adding",
    "make",
    "missing",
    "require",
    "robotic_languages",
    "robotic_voice",
]
