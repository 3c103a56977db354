"""The files that speech grows into: read while they are written, encoded when they are wanted."""

import asyncio
import io
from pathlib import Path

import av
import numpy as np
import pytest

from contract.errors import StorageFailed
from contract.events import Done
from contract.requests import SpeechRequest
from studio.audio import SLICE_S, UNHEARD_S, SpeechFile
from studio.caller import Caller
from studio.studio import Studio
from tests.echo_models import until
from tests.studio.sound.sounds import tone

RATE = 22_050
ME = Caller("me", via="api")


def spoken(seconds: float) -> bytes:
    """Return so much sound, as a voice gives it."""
    return (tone(seconds, rate_hz=RATE) * 20_000).astype("<i2").tobytes()


def length_s(mp3: bytes) -> float:
    with av.open(io.BytesIO(mp3)) as recording:
        return sum(frame.samples / frame.sample_rate for frame in recording.decode(audio=0))


@pytest.fixture
def file(tmp_path: Path) -> SpeechFile:
    return SpeechFile(tmp_path / "a.wav", tmp_path / "a.mp3", RATE)


def test_an_mp3_that_nobody_hears_is_encoded_at_the_end_alone(file: SpeechFile) -> None:
    file.write(spoken(3))
    assert file.mp3.path.stat().st_size == 0
    file.close()
    assert length_s(file.mp3.path.read_bytes()) == pytest.approx(3, abs=0.1)


def test_a_listener_has_the_start_of_a_sentence_before_its_end_is_encoded(file: SpeechFile) -> None:
    file.write(spoken(30))
    heard = [file.mp3.read(0)]
    assert 0 < length_s(heard[0]) < 15
    while piece := file.mp3.read(sum(map(len, heard))):
        heard.append(piece)
    # What a psychoacoustic model holds back comes with the sentence after, or at the end.
    assert length_s(b"".join(heard)) == pytest.approx(30, abs=2 * SLICE_S)
    file.close()
    heard.append(file.mp3.read(sum(map(len, heard))))
    assert b"".join(heard) == file.mp3.path.read_bytes()


def test_a_listener_waits_for_no_sentence_that_is_not_spoken_yet(file: SpeechFile) -> None:
    assert file.mp3.read(0) == b""
    file.close()


def test_speech_that_nobody_hears_is_not_gathered_in_memory_without_end(file: SpeechFile) -> None:
    for _ in range(UNHEARD_S // 20 + 1):
        file.write(spoken(20))
    until(lambda: file.mp3.path.stat().st_size > 0)
    file.close()


def test_a_disk_that_is_full_for_the_mp3_is_told_and_leaves_nobody_waiting(tmp_path: Path) -> None:
    file = SpeechFile(tmp_path / "a.wav", Path("/dev/full"), RATE)
    file.write(spoken(1))
    assert file.mp3.read(0) == b""
    with pytest.raises(StorageFailed, match=r"Saving the speech to .*a\.wav failed: .*No space left.*try again"):
        file.write(spoken(1))
    with pytest.raises(StorageFailed):
        file.close()


@pytest.mark.parametrize("form", ["mp3", "pcm", "flac", "opus", "aac"])
async def test_who_hears_a_form_to_its_end_leaves_a_job_that_is_done(echo_studio: Studio, form: str) -> None:
    job = echo_studio.submit(SpeechRequest(text="One sentence. And another."), ME)
    heard = b"".join([piece async for piece in echo_studio.audio_stream(job, form)])  # type: ignore[arg-type]
    assert isinstance(await asyncio.wait_for(job.ended(), 20), Done)
    assert job.speech is not None
    if form == "pcm":
        assert len(np.frombuffer(heard, "<i2")) / 24_000 == pytest.approx(job.speech.seconds, abs=0.01)
    if form == "mp3":
        assert heard == job.speech.mp3.path.read_bytes()
