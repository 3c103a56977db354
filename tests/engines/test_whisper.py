"""Whisper on real recordings: silence, every common format, what is no recording, long ones in parts."""

import wave
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from contract.engine import Engine, Stop
from contract.errors import InputTooLarge, InvalidRequest
from contract.events import Progress, Segment
from contract.models import ModelSpec
from contract.requests import TranscribeRequest
from engines import ENGINES
from engines import whisper as module
from tests.echo_models import recording, silent_opus
from tests.engines.cases import run, text_of, usage_of

FORMATS = {
    "mp3": "libmp3lame",
    "m4a": "aac",
    "flac": "flac",
    "ogg": "libopus",
    "opus": "libopus",
    "webm": "libopus",
}


@pytest.fixture(scope="module")
def whisper(specs: dict[str, ModelSpec]) -> Iterator[Engine]:
    engine = ENGINES["whisper"](specs["whisper-tiny.en"], threads=2)
    engine.load()
    yield engine
    engine.unload()


def words(text: str) -> list[str]:
    return "".join(letter for letter in text.lower() if letter.isalpha() or letter == " ").split()


def convert(source: Path, target: Path, codec: str) -> Path:
    """Write a recording anew in another format."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = written.add_stream(codec, rate=48_000 if codec == "libopus" else 44_100, layout="mono")
        resampler = av.AudioResampler(stream.format, "mono", stream.rate, stream.frame_size or None)
        for frame in (*read.decode(audio=0), None):
            for out in resampler.resample(frame):
                written.mux(stream.encode(out))
        written.mux(stream.encode(None))
    return target


def test_it_writes_down_what_piper_said(whisper: Engine, spoken: Path) -> None:
    heard = words(text_of(run(whisper, TranscribeRequest(audio=spoken))))
    for word in ("train", "noon", "weather", "good", "sister", "two", "cats", "bread", "cheese"):
        assert word in heard


def test_silence_gives_no_words(whisper: Engine, tmp_path: Path) -> None:
    events = run(whisper, TranscribeRequest(audio=recording(tmp_path / "silent.wav", 12)))
    assert text_of(events) == ""
    assert events[-2] == Progress(12, 12)
    assert usage_of(events).seconds == 12


@pytest.mark.parametrize("form", FORMATS)
def test_any_common_format_is_heard(whisper: Engine, spoken: Path, tmp_path: Path, form: str) -> None:
    events = run(whisper, TranscribeRequest(audio=convert(spoken, tmp_path / f"spoken.{form}", FORMATS[form])))
    with wave.open(str(spoken)) as file:
        assert usage_of(events).seconds == pytest.approx(file.getnframes() / file.getframerate(), abs=0.2)
    assert {"train", "weather", "sister", "cheese"} <= set(words(text_of(events)))


@pytest.mark.parametrize("name", ["words.wav", "words.mp3", "words"])
def test_a_text_file_under_a_recordings_name_is_refused_with_the_formats(
    whisper: Engine, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("These are words, and no sound at all.\n" * 100)
    with pytest.raises(InvalidRequest) as caught:
        run(whisper, TranscribeRequest(audio=tmp_path / name))
    assert name in caught.value.message and "MP3" in caught.value.message and "\n" not in caught.value.message


def test_a_picture_is_no_recording(whisper: Engine, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "picture.png")
    with pytest.raises(InvalidRequest, match="no sound that can be read"):
        run(whisper, TranscribeRequest(audio=tmp_path / "picture.png"))


def test_a_recording_of_no_length_is_refused(whisper: Engine, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="0 seconds long"):
        run(whisper, TranscribeRequest(audio=recording(tmp_path / "none.wav", 0)))


def test_a_recording_that_is_cut_off_is_heard_up_to_there(whisper: Engine, spoken: Path, tmp_path: Path) -> None:
    whole = convert(spoken, tmp_path / "whole.mp3", "libmp3lame").read_bytes()
    (tmp_path / "cut.mp3").write_bytes(whole[: len(whole) // 2])
    heard = words(text_of(run(whisper, TranscribeRequest(audio=tmp_path / "cut.mp3"))))
    assert "train" in heard and "cheese" not in heard


def test_english_alone_is_heard_and_another_language_is_refused(whisper: Engine, spoken: Path) -> None:
    assert run(whisper, TranscribeRequest(audio=spoken, language="en"))
    with pytest.raises(InvalidRequest, match="'pl'"):
        run(whisper, TranscribeRequest(audio=spoken, language="pl"))


def test_a_long_recording_is_heard_in_parts_cut_at_pauses(
    whisper: Engine, spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_S", 7)
    with wave.open(str(spoken)) as read:
        sound, parameters = read.readframes(read.getnframes()), read.getparams()
    with wave.open(str(tmp_path / "long.wav"), "wb") as written:
        written.setparams(parameters)
        written.writeframes((sound + bytes(parameters.framerate)) * 2)
    events = run(whisper, TranscribeRequest(audio=tmp_path / "long.wav"))
    segments = [event for event in events if isinstance(event, Segment)]
    heard = words(text_of(events))
    assert heard.count("weather") == heard.count("sister") == heard.count("cheese") == 2
    times = [time for segment in segments for time in (segment.start_s, segment.end_s)]
    assert times == sorted(times)
    assert segments[-1].end_s == pytest.approx(usage_of(events).seconds or 0, abs=2)


def test_a_stop_while_the_file_is_read_ends_it_there(whisper: Engine, tmp_path: Path) -> None:
    stop = Stop()
    stop.set()
    hour = recording(tmp_path / "hour.wav", 3_600)
    events = run(whisper, TranscribeRequest(audio=hour), stop)
    assert usage_of(events).seconds == 0


def test_a_recording_beyond_the_limit_is_refused_however_small_its_file(
    whisper: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AUDIO_SECONDS", 3_600)
    bomb = silent_opus(tmp_path / "bomb.opus", 3_700)
    assert bomb.stat().st_size < 1_000_000

    with pytest.raises(InputTooLarge, match="1 hours, which is the limit"):
        run(whisper, TranscribeRequest(audio=bomb))


def test_a_length_that_the_file_does_not_tell_is_found_out(
    whisper: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AUDIO_SECONDS", 20)
    tone = convert(recording(tmp_path / "long.wav", 30), tmp_path / "long.aac", "aac")

    with pytest.raises(InputTooLarge):
        run(whisper, TranscribeRequest(audio=tone))


def test_a_long_silence_is_never_unpacked_whole(
    whisper: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_S", 20)
    parts: list[int] = []
    whole = module._parts
    monkeypatch.setattr(
        module, "_parts", lambda pieces: ((parts.append(len(part)), (at, part))[1] for at, part in whole(pieces))
    )
    held = 0

    def counted(path: Path, stop: Stop) -> Iterator[object]:
        nonlocal held
        for piece in samples(path, stop):
            held = max(held, len(piece))
            yield piece

    samples = module._samples
    monkeypatch.setattr(module, "_samples", counted)

    events = run(whisper, TranscribeRequest(audio=silent_opus(tmp_path / "hour.opus", 600)))

    assert text_of(events) == ""
    assert max(parts) <= 20 * module.SAMPLE_RATE_HZ and held < module.SAMPLE_RATE_HZ
    assert sum(parts) / module.SAMPLE_RATE_HZ == pytest.approx(600, abs=1)
    assert usage_of(events).seconds == pytest.approx(600, abs=1)
