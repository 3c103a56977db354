"""Speech in each format and transcription in each form, through the official client."""

import io
import json
import tempfile
import wave
from http.client import HTTPConnection
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import av
import httpx
import numpy as np
import openai
import pytest

from tests.api.conftest import tone
from tests.echo_models import silent_opus, until
from tests.serving import Server

SENTENCE = "The quick brown fox jumps over the lazy dog. It was a bright cold day in April."


def seconds_of(sound: bytes) -> float:
    """How long a sound is, by decoding all of it."""
    with av.open(io.BytesIO(sound)) as container:
        return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))


def uploads() -> set[str]:
    """The temporary files of uploads that are there now."""
    return {path.name for path in Path(tempfile.gettempdir()).glob("hearth-upload-*")}


def test_every_format_of_speech_decodes_to_the_same_length(client: openai.OpenAI) -> None:
    sounds = {
        form: client.audio.speech.create(model="tts-1", voice="alloy", input=SENTENCE, response_format=form).content
        for form in ("wav", "mp3", "flac", "opus", "aac")
    }
    lengths = {form: seconds_of(sound) for form, sound in sounds.items()}
    pcm = client.audio.speech.create(model="tts-1", voice="alloy", input=SENTENCE, response_format="pcm").content
    with wave.open(io.BytesIO(sounds["wav"])) as whole:
        expected = whole.getnframes() / whole.getframerate()

    assert expected > 3
    assert {form: length for form, length in lengths.items() if abs(length - expected) > 0.15} == {}
    assert len(pcm) / 2 / 24_000 == pytest.approx(expected, abs=0.05)
    assert sounds["flac"][:4] == b"fLaC"
    assert sounds["opus"][:4] == b"OggS"


@pytest.mark.parametrize("form", ["pcm", "mp3"])
def test_speech_that_was_heard_to_its_end_is_logged_as_done(
    client: openai.OpenAI, http: httpx.Client, form: Literal["pcm", "mp3"]
) -> None:
    said = f"Heard to the end as {form}."
    client.audio.speech.create(model="tts-1", voice="alloy", input=said, response_format=form)

    def status() -> list[str]:
        return [row["status"] for row in http.get("/interactions").json()["data"] if row["input"] == said]

    until(status)
    assert status() == ["done"]


def test_pitch_and_volume_are_the_clients_choice_and_change_no_length(client: openai.OpenAI) -> None:
    def spoken(**extension: object) -> np.ndarray:
        sound = client.audio.speech.create(
            model="tts-1", voice="alloy", input=SENTENCE, response_format="wav", extra_body=extension
        )
        with wave.open(io.BytesIO(sound.content)) as whole:
            return np.frombuffer(whole.readframes(whole.getnframes()), dtype="<i2").astype(float)

    plain, quiet, high = spoken(), spoken(volume=0.5), spoken(pitch=1.5)

    assert len(plain) == len(quiet) == len(high)
    assert np.std(quiet) == pytest.approx(np.std(plain) / 2, rel=0.05)
    strongest = [int(np.argmax(np.abs(np.fft.rfft(sound)))) for sound in (plain, high)]
    assert strongest[1] == pytest.approx(strongest[0] * 1.5, rel=0.05)
    with pytest.raises(openai.UnprocessableEntityError, match="pitch"):
        spoken(pitch=7)


def test_numbers_are_said_in_words_unless_the_client_wants_the_text_as_it_stands(client: openai.OpenAI) -> None:
    def spoken(**extension: object) -> float:
        sound = client.audio.speech.create(
            model="tts-1", voice="alloy", input="It costs $3.50.", response_format="wav", extra_body=extension
        )
        return seconds_of(sound.content)

    assert spoken() == spoken(normalize_text=True) > spoken(normalize_text=False)
    with pytest.raises(openai.UnprocessableEntityError, match="normalize_text"):
        spoken(normalize_text="perhaps")


def test_a_voice_and_another_voice_as_model_are_refused_and_an_unknown_one_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="echo-speech"):
        client.audio.speech.create(model="tts-1", voice="nobody", input="Hello")
    with pytest.raises(openai.NotFoundError, match="tts-77"):
        client.audio.speech.create(model="tts-77", voice="alloy", input="Hello")


def test_an_option_that_no_engine_has_is_refused_by_name(client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="instructions is not supported"):
        client.audio.speech.create(model="tts-1", voice="alloy", input="Hello", instructions="Whisper.")
    with pytest.raises(openai.UnprocessableEntityError, match="can't do prompt"):
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", tone(1)), prompt="Names")


def test_a_transcription_has_text_and_usage(client: openai.OpenAI) -> None:
    heard = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", tone(12)))

    assert heard.text == "From 0.0 to 10.0 of 12.0 seconds. From 10.0 to 12.0 of 12.0 seconds."
    assert heard.usage.type == "duration"
    assert heard.usage.seconds == 12


def test_a_verbose_transcription_has_segments_with_times(client: openai.OpenAI) -> None:
    heard = client.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", tone(12)), response_format="verbose_json", language="en"
    )

    assert [(segment.id, segment.start, segment.end) for segment in heard.segments] == [(0, 0, 10), (1, 10, 12)]
    assert (heard.language, heard.duration) == ("en", 12)


def test_subtitles_have_their_clocks_and_cues(client: openai.OpenAI) -> None:
    srt = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", tone(12)), response_format="srt")
    vtt = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", tone(12)), response_format="vtt")

    assert srt.startswith("1\n00:00:00,000 --> 00:00:10,000\nFrom 0.0 to 10.0 of 12.0 seconds.\n\n2\n00:00:10,000 --> ")
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:10.000\nFrom 0.0")


def test_a_streamed_transcription_is_the_same_text_in_pieces(client: openai.OpenAI) -> None:
    events = list(client.audio.transcriptions.create(model="whisper-1", file=("a.wav", tone(12)), stream=True))

    pieces = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert len(pieces) == 2
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "".join(pieces)


def test_uploads_are_removed_whether_heard_refused_or_handed_over(client: openai.OpenAI, http: httpx.Client) -> None:
    before = uploads()
    client.audio.transcriptions.create(model="whisper-1", file=("a.wav", tone(1)))
    with pytest.raises(openai.UnprocessableEntityError, match="no sound that can be read"):
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"no sound at all"))
    with pytest.raises(openai.UnprocessableEntityError, match="0 bytes"):
        client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b""))
    answer = http.post(
        "/v1/audio/transcriptions",
        headers={"Prefer": "respond-async"},
        files={"file": ("a.wav", tone(1))},
        data={"model": "whisper-1"},
    )
    assert answer.status_code == 202
    with http.stream("GET", f"{answer.headers['location']}/events") as events:
        assert '"type": "done"' in events.read().decode()

    assert uploads() - before == set()


def test_a_file_name_never_names_a_path(client: openai.OpenAI) -> None:
    before = uploads()
    for name in ("../../etc/cron.d/x.wav", "/etc/passwd", "C:\\x.wav", "a.w/v", "$(touch x).wav", "a\x00.wav"):
        assert client.audio.transcriptions.create(model="whisper-1", file=(name, tone(1))).text

    assert uploads() - before == set()
    assert not Path("x").exists()


@pytest.mark.filterwarnings("ignore:deprecated")  # the client's own word for this route; others still call it
def test_translating_speech_is_refused_where_the_model_knows_english_alone(
    client: openai.OpenAI, real_client: openai.OpenAI
) -> None:
    assert client.audio.translations.create(model="whisper-1", file=("a.wav", tone(1))).text.startswith("From 0.0 to")
    with pytest.raises(openai.UnprocessableEntityError, match=r"whisper-tiny\.en hears English only.*multilingual"):
        real_client.audio.translations.create(model="whisper-1", file=("a.wav", tone(1)))


def test_every_word_of_a_real_recording_has_its_time(real_client: openai.OpenAI) -> None:
    spoken = real_client.audio.speech.create(
        model="tts-1", voice="alloy", input="The quick brown fox jumps over the lazy dog.", response_format="wav"
    )
    heard = real_client.audio.transcriptions.create(
        model="whisper-1",
        file=("fox.wav", spoken.content),
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )

    assert " ".join(word.word for word in heard.words) == heard.text
    assert "brown fox" in heard.text
    times = [time for word in heard.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0 and times[-1] <= heard.duration
    assert heard.segments is None


def test_an_upload_over_the_limit_is_refused_before_it_is_read(echo_server: Server) -> None:
    connection = HTTPConnection(urlsplit(echo_server.url).netloc, timeout=10)
    connection.putrequest("POST", "/v1/audio/transcriptions")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", str(300 * 1024 * 1024))
    connection.endheaders()

    answer = connection.getresponse()

    assert answer.status == 413
    assert json.load(answer)["error"]["code"] == "input_too_large"
    connection.close()


def test_a_small_file_that_unpacks_to_days_of_silence_is_refused_at_once(real_server: Server, tmp_path: Path) -> None:
    bomb = silent_opus(tmp_path / "bomb.opus", 13 * 3_600)

    with bomb.open("rb") as file:
        answer = httpx.post(
            f"{real_server.url}/v1/audio/transcriptions",
            data={"model": "whisper-1"},
            files={"file": ("bomb.opus", file)},
            timeout=120,
        )

    assert answer.status_code == 413, answer.text
    assert "12 hours" in answer.json()["error"]["message"]


def test_what_is_no_sound_is_told_by_the_name_that_its_owner_gave_it(real_server: Server) -> None:
    page = b"<!DOCTYPE html><html><body>" + b"<p>hello</p>" * 500
    files = {"file": ("my talk.mp3", page, "audio/mpeg")}
    answer = httpx.post(
        f"{real_server.url}/v1/audio/transcriptions", data={"model": "whisper-1"}, files=files, timeout=120
    )
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("my talk.mp3 has no sound that can be read")
