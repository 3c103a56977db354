"""How a voice sounds, as its publisher lets it be heard: one small MP3 beside the voice, proven to be sound, and kept.

The publisher of Piper's voices keeps ``samples/speaker_0.mp3`` in the folder of each. No list tells its size or
checksum, so what comes is held to a size and unpacked once before it is kept; a page to sign in to a network, which
answers in the place of anything, is found out so. Limit: of a voice with many speakers, the first is heard.
"""

import tempfile
from pathlib import Path, PurePosixPath

from contract.engine import Stop
from contract.errors import DownloadFailed, InvalidRequest, NotFound, StorageFailed
from engines.recordings import describe, samples
from studio.catalogue import Entry
from studio.sources import hub

SAMPLE = "samples/speaker_0.mp3"
LIMIT_BYTES = 4_000_000  # two minutes of MP3 at 256 kbit/s
LEAST_S, MOST_S = 0.2, 120
RATE_HZ = 16_000


def origin(entry: Entry) -> str | None:
    """Return where a voice's sample lies in its Hub repository; None: its source keeps none."""
    if entry.source.type != "hub" or entry.engine != "piper":
        return None
    voice = next((file.origin or file.path for file in entry.files if file.path.endswith(".onnx")), None)
    return None if voice is None else str(PurePosixPath(voice).parent / SAMPLE)


def fetch(entry: Entry, kept: Path, stop: Stop, *, endpoint: str = "") -> bool:
    """Fetch a voice's sample into the file ``kept``; returns whether it came: not when stopped.

    Args:
        endpoint: The Hub's address; "": HF_ENDPOINT, or huggingface.co.

    Raises:
        NotFound: Its publisher keeps none.
        DownloadFailed: ``details["reason"]`` is ``unsuitable`` where what came is no sound, or another of a download's.
        StorageFailed: The data folder can't be written.
    """
    place = origin(entry)
    if place is None:
        raise _none(entry)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        # A folder of its own: of two clicks at once neither writes into the other's file.
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".coming-") as folder:
            arrived = Path(folder) / "sample.mp3"
            try:
                if not hub.beside(entry, place, arrived, stop, limit_bytes=LIMIT_BYTES, endpoint=endpoint):
                    return False
            except DownloadFailed as exc:
                raise (_none(entry) if exc.details.get("status") == 404 else _told(entry, exc)) from exc
            _check(entry, arrived)
            arrived.replace(kept)
    except OSError as exc:
        raise StorageFailed(f"The sample can't be kept in {kept.parent}: {exc}. Free some space, try again.") from exc
    return True


def _check(entry: Entry, file: Path) -> None:
    """Raise DownloadFailed for what is no MP3 of a few seconds."""
    seconds = 0.0
    try:
        container = describe(file, file.name).container
        for piece in samples(file, file.name, RATE_HZ, "mono", Stop()):
            seconds += piece.shape[1] / RATE_HZ
            if seconds > MOST_S:
                break
    except InvalidRequest as exc:
        raise _no_sound(entry) from exc
    if container != "mp3" or not LEAST_S <= seconds <= MOST_S:
        raise _no_sound(entry)


def _none(entry: Entry) -> NotFound:
    return NotFound(
        f"The publisher of {entry.title} keeps no sample of it. Download the voice to hear it.", model=entry.id
    )


def _no_sound(entry: Entry) -> DownloadFailed:
    return DownloadFailed(
        f"What came in place of the sample of {entry.title} is no sound. The network may ask to sign in first: open "
        "any web page, then try again.",
        model=entry.id,
        reason="unsuitable",
    )


def _told(entry: Entry, exc: DownloadFailed) -> DownloadFailed:
    """Return a download's error as one of the sample, which needs no more than a network."""
    reason = exc.details.get("reason")
    why = {
        "unreachable": "the Hugging Face Hub does not answer. Connect to the network and try again, or set HF_ENDPOINT "
        "to a mirror that this machine reaches.",
        "offline": "HF_HUB_OFFLINE is set, so the Hub is not asked. Unset it and start Hearth again.",
    }.get(str(reason), "the Hub did not give it. Try again later.")
    return DownloadFailed(
        f"The sample of {entry.title} could not be fetched: {why}",
        model=entry.id,
        reason=reason,
        status=exc.details.get("status"),
    )
