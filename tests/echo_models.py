"""Echo models as installed ones, with the delays and failures that a test orders."""

import json
import time
import wave
from collections.abc import Callable
from pathlib import Path


def install_echo(data_dir: Path, name: str, kind: str = "chat", memory_bytes: int = 0, **options: float) -> str:
    """Put an echo model into a data folder.

    Args:
        options: ``load_s``, ``delay_s``, ``fail_after``, ``n_ctx``; see engines/echo.py.

    Returns:
        Its id, ``name``.
    """
    folder = data_dir / "models" / f"echo-{kind}" / name
    folder.mkdir(parents=True)
    manifest = manifest_of(name, f"echo-{kind}", kind, memory_bytes, **options)
    (folder / "hearth.json").write_text(manifest)
    return name


def manifest_of(name: str, engine: str, kind: str, memory_bytes: int = 0, **options: float) -> str:
    """What says that a model is whole: its ``hearth.json``."""
    manifest = {
        "id": name,
        "engine": engine,
        "kind": kind,
        "title": name.capitalize(),
        "paths": ["."],
        "files": [],
        "size_bytes": 0,
        "memory_bytes": memory_bytes,
        "languages": [],
        "source_lang": None,
        "target_lang": None,
        "licence": "",
        "note": "",
        "options": options,
    }
    return json.dumps(manifest)


def recording(path: Path, seconds: float = 1.0) -> Path:
    """Write a silent WAV file of that length."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\0\0" * round(8_000 * seconds))
    return path


def silent_opus(path: Path, seconds: float) -> Path:
    """Write silence as Opus: one packet of 120 ms, again and again, so that hours of it are made in a moment."""
    import av

    with av.open(str(path), "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=48_000, layout="mono", options={"frame_duration": "120"})
        codec = stream.codec_context
        codec.open()
        frame = av.AudioFrame(format="s16", layout="mono", samples=codec.frame_size)
        frame.sample_rate, frame.pts = 48_000, 0
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        packet = next(iter([*stream.encode(frame), *stream.encode(None)]))
        data, step = bytes(packet), codec.frame_size
        for number in range(round(seconds * 48_000 / step)):
            packet = av.Packet(data)
            packet.stream, packet.pts, packet.dts = stream, number * step, number * step
            packet.duration = step
            file.mux(packet)
    return path


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Poll until it is so; fails the test when it never becomes so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.002)  # polls
