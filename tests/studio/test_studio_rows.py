"""The one path of a request: one row whatever happens, and clear sentences."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.echo import EchoChat
from studio import (
    Cancelled,
    ChatRequest,
    Delta,
    DoesNotFit,
    Done,
    DownloadRequest,
    EngineFailed,
    ImageRequest,
    InputTooLarge,
    InvalidRequest,
    Job,
    LaneFull,
    Message,
    Settings,
    SpeechRequest,
    StorageFailed,
    Studio,
    StudioError,
    TranscribeRequest,
    TranslateRequest,
    UnknownModel,
)
from studio.lanes import Lane, LaneSize
from tests.echo_models import install_echo, until
from tests.studio.asking import KINDS, LOCAL, chat, only_row, request_of, rows

# One row, whatever happens


@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_request_of_each_kind_leaves_one_whole_row(echo_studio: Studio, tmp_path: Path, kind: str) -> None:
    job = echo_studio.submit(request_of(kind, tmp_path), LOCAL)
    assert job.wait() == Done()

    row = only_row(echo_studio)
    assert (row["status"], row["kind"], row["via"], row["owner"]) == ("done", kind, "ui", "local")
    assert (row["engine"], row["model"], row["job_id"]) == (f"echo-{kind}", f"echo-{kind}", job.id)
    assert 0 <= row["queued_s"] <= row["first_output_s"] <= row["duration_s"] < 5
    assert row["load_s"] is not None
    assert row["error_code"] is None and row["error_message"] is None
    assert row["input"]
    if kind in ("chat", "translation", "transcription"):
        assert row["output"] == job_text(job)
    if kind == "chat":
        assert (row["tokens_in"], row["tokens_out"]) == (4, 4)
    if kind in ("speech", "transcription"):
        assert row["audio_s"] > 1
    if kind in ("image", "speech"):
        assert [echo_studio.artifact(file, LOCAL).size_bytes > 0 for file in json.loads(row["artifacts"])] == [True] * (
            1 if kind == "image" else 2
        )


def job_text(job: Job) -> str:
    texts = [event.text for _, event in job.snapshot() if type(event).__name__ in ("Delta", "Segment")]
    return "".join(texts) if job.kind != "transcription" else "".join(text.strip() + "\n" for text in texts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_request_of_each_kind_leaves_one_row_with_its_error(
    odd_studio: Studio, tmp_path: Path, kind: str
) -> None:
    job = odd_studio.submit(request_of(kind, tmp_path, f"breaks-{kind}"), LOCAL)
    with pytest.raises(EngineFailed, match="failed after 1"):
        job.wait()

    row = only_row(odd_studio)
    assert (row["status"], row["error_code"], row["model"]) == ("failed", "engine_failed", f"breaks-{kind}")
    assert row["duration_s"] is not None
    if kind in ("chat", "translation", "transcription"):
        assert row["output"], "what it had said is lost"


@pytest.mark.parametrize("kind", KINDS)
def test_a_cancelled_request_of_each_kind_leaves_one_row_and_ends_soon(
    odd_studio: Studio, tmp_path: Path, kind: str
) -> None:
    request = request_of(kind, tmp_path, f"slow-{kind}")
    job = odd_studio.submit(request, LOCAL)
    for _ in job.follow():
        job.cancel()
        break
    assert job.wait() == Cancelled()

    row = only_row(odd_studio)
    assert (row["status"], row["kind"]) == ("cancelled", kind)
    assert row["duration_s"] < 2


REFUSED = {
    "empty": (chat("   \n"), InvalidRequest, 422, "empty"),
    "no messages": (ChatRequest(messages=()), InvalidRequest, 422, "messages is empty"),
    "huge": (chat("x" * 400_001), InputTooLarge, 413, "400,001 characters; the limit is 400,000"),
    "huge in parts": (
        ChatRequest(messages=(Message("user", "x" * 399_999), Message("user", "yy"))),
        InputTooLarge,
        413,
        "Start a new chat",
    ),
    "binary": (chat("\x89PNG\r\n\x1a\n\x00\x00"), InvalidRequest, 422, "binary data, not text"),
    "binary before": (
        ChatRequest(messages=(Message("system", "\x00"), Message("user", "x"))),
        InvalidRequest,
        422,
        "binary data",
    ),
    "half a character": (chat("half \ud83d"), InvalidRequest, 422, "half a character"),
    "unknown model": (chat(model="no-such-model"), UnknownModel, 404, "'no-such-model'.*The chat models here: .+"),
    "absurd model": (chat(model="x" * 100_000), UnknownModel, 404, "no model called"),
    "a number as model": (chat(model=7), InvalidRequest, 422, "model is '7'"),
    "model of another kind": (chat(model="echo-speech"), InvalidRequest, 422, "speech model; this needs one for chat"),
    "temperature": (chat(temperature=3), InvalidRequest, 422, "temperature is 3; it must be from 0 to 2"),
    "not a number": (chat(temperature=float("nan")), InvalidRequest, 422, "temperature is nan"),
    "half a token": (chat(max_tokens=1.5), InvalidRequest, 422, "max_tokens is 1.5; it must be a whole number"),
    "one stop": (chat(stop="end"), InvalidRequest, 422, "stop takes up to 8 strings"),
    "role": (ChatRequest(messages=(Message("robot", "x"),)), InvalidRequest, 422, "the role 'robot'"),
    "speech of nothing": (SpeechRequest(text=""), InvalidRequest, 422, "text is empty"),
    "long speech": (SpeechRequest(text="x" * 100_001), InputTooLarge, 413, "100,001"),
    "text as it stands": (SpeechRequest(text="x", normalize_text="no"), InvalidRequest, 422, "normalize_text is 'no'"),
    "speed": (SpeechRequest(text="x", speed=9), InvalidRequest, 422, "speed is 9"),
    "same language": (
        TranslateRequest(text="x", target_lang="en", source_lang="en"),
        InvalidRequest,
        422,
        "Choose two languages",
    ),
    "no language": (TranslateRequest(text="x", target_lang=""), InvalidRequest, 422, "target_lang is empty"),
    "a novel as language": (TranslateRequest(text="x", target_lang="y" * 10_000), InvalidRequest, 422, "code"),
    "a line break as language": (TranslateRequest(text="x", target_lang="en\n"), InvalidRequest, 422, "code"),
    "image size": (ImageRequest(prompt="x", width=70), InvalidRequest, 422, "width is 70; it must be a multiple of 8"),
    "half an image": (ImageRequest(prompt="x", num_images=1.5), InvalidRequest, 422, "whole number"),
    "binary to avoid": (ImageRequest(prompt="x", negative_prompt="\x00"), InvalidRequest, 422, "binary"),
    "no recording": (TranscribeRequest(audio=Path("/nowhere/said.wav")), InvalidRequest, 422, "no recording"),
    "a folder as recording": (TranscribeRequest(audio=Path("/")), InvalidRequest, 422, "no recording"),
    "NUL in a path": (TranscribeRequest(audio=Path("a\x00b")), InvalidRequest, 422, "no recording"),
    "download of nothing": (DownloadRequest(model=""), InvalidRequest, 422, "model is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_request_says_why_and_leaves_one_row(echo_studio: Studio, name: str) -> None:
    request, error, status, sentence = REFUSED[name]

    with pytest.raises(error, match=sentence) as caught:
        echo_studio.submit(request, LOCAL)

    assert type(caught.value) is error and caught.value.status == status
    assert len(caught.value.message) < 400 and caught.value.message.endswith((".", "yet."))
    row = only_row(echo_studio)
    assert (row["status"], row["kind"], row["error_code"]) == ("refused", request.kind, error.code)
    assert row["error_message"] == caught.value.message
    assert row["duration_s"] is not None and row["first_output_s"] is None
    assert len(row["input"] or "") <= 100_000
    assert echo_studio.jobs(LOCAL) == []


def test_a_refusal_at_the_door_of_a_surface_is_logged_too(echo_studio: Studio) -> None:
    error = echo_studio.refuse(chat(), LOCAL, InvalidRequest("No."))

    assert (only_row(echo_studio)["status"], error.message) == ("refused", "No.")


def test_a_model_that_can_not_fit_fails_with_the_numbers_and_loads_nothing(odd_studio: Studio) -> None:
    with pytest.raises(DoesNotFit, match="needs about 953,674,316 MB of memory"):
        odd_studio.submit(chat(model="too-large"), LOCAL).wait()

    assert only_row(odd_studio)["error_code"] == "does_not_fit"
    assert odd_studio.residency.loaded() == {}


def test_a_full_lane_refuses_with_a_sentence_and_a_row(odd_studio: Studio) -> None:
    lane = odd_studio.lanes["echo"]
    odd_studio.lanes["echo"] = small = Lane("echo", LaneSize(1, 1), lane._run, lane._drop)
    running = odd_studio.submit(chat("word " * 500, model="slow-chat"), LOCAL)
    until(lambda: running.state == "running")
    waiting = odd_studio.submit(chat(model="slow-chat"), LOCAL)

    with pytest.raises(LaneFull, match=r"1 jobs already wait .* Try again in 5 seconds"):
        odd_studio.submit(chat("too much"), LOCAL)

    row = only_row(odd_studio)
    assert (row["status"], row["error_code"], row["input"]) == ("refused", "lane_full", "too much")
    assert odd_studio.jobs(LOCAL) == [running, waiting]
    assert waiting.position == 1
    for job in (waiting, running):
        job.cancel()
    assert (waiting.wait(), running.wait()) == (Cancelled(), Cancelled())
    assert [row["status"] for row in rows(odd_studio)] == ["refused", "cancelled", "cancelled"]
    small.close(5)


def test_an_engine_with_a_bug_tells_an_id_and_no_traceback(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[Delta]:
        yield Delta("so far")
        raise ZeroDivisionError("/secret/path and a password")

    monkeypatch.setattr(EchoChat, "run", broken)
    job = echo_studio.submit(chat(), LOCAL)

    with pytest.raises(EngineFailed, match=job.id) as caught:
        job.wait()

    for told in (caught.value.message, str(job.snapshot()), str(only_row(echo_studio))):
        assert "secret" not in told and "ZeroDivision" not in told and "Traceback" not in told
    assert only_row(echo_studio)["output"] == "so far"
    monkeypatch.undo()
    assert echo_studio.submit(chat(), LOCAL).wait() == Done()  # the lane still has its place


def test_a_model_that_fails_to_load_is_told_and_loads_the_next_time(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EchoChat, "load", lambda self: 1 / 0)
    with pytest.raises(EngineFailed, match="Something unexpected"):
        echo_studio.submit(chat(), LOCAL).wait()
    monkeypatch.undo()

    assert echo_studio.submit(chat(), LOCAL).wait() == Done()


def test_a_bug_before_the_queue_is_told_by_an_id_and_logged(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(echo_studio.registry, "find", lambda *_: 1 / 0)

    with pytest.raises(EngineFailed, match="Something unexpected"):
        echo_studio.submit(chat(), LOCAL)

    assert only_row(echo_studio)["status"] == "refused"
    assert echo_studio.jobs(LOCAL) == []


def test_a_reply_that_holds_half_a_character_is_kept(echo_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EchoChat, "run", lambda *_: iter([Delta("half \ud83d."), Delta(" whole")]))

    job = echo_studio.submit(chat(), LOCAL)

    assert job.wait() == Done()
    assert job.text() == "half ?. whole"
    assert only_row(echo_studio)["output"] == "half ?. whole"


def test_the_log_takes_no_more_room_for_a_long_text_than_its_limit(echo_studio: Studio) -> None:
    echo_studio.submit(chat("word-" * 60_000), LOCAL).wait()

    row = only_row(echo_studio)
    assert len(row["input"]) == len(row["output"]) == 100_000


def test_parameters_in_the_log_are_those_that_were_asked_for(echo_studio: Studio) -> None:
    echo_studio.submit(chat("secret words", temperature=0, seed=0, stop=("x",)), LOCAL).wait()

    assert json.loads(only_row(echo_studio)["parameters"]) == {"temperature": 0, "seed": 0, "stop": ["x"]}


# A full disk and a closed studio


def test_a_disk_that_takes_no_row_fails_the_job_instead_of_hanging_it(
    echo_studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = echo_studio._database
    pages = database.rows("PRAGMA page_count")[0][0]
    database.write(lambda db: db.conn.execute(f"PRAGMA max_page_count = {pages}").fetchall() and None)
    text = "word-" * 10_000

    with pytest.raises(StorageFailed, match="Free some space"):
        for _ in range(3):  # until the last page is full
            echo_studio.submit(chat(text), LOCAL).wait()

    database.write(lambda db: db.conn.execute("PRAGMA max_page_count = 1000000").fetchall() and None)
    assert echo_studio.submit(chat(), LOCAL).wait() == Done()


def test_a_folder_that_takes_no_files_fails_the_picture_with_a_sentence(echo_studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("in the way")

    for kind in ("image", "speech"):
        with pytest.raises(StorageFailed, match=r"Free (some )?space"):
            echo_studio.submit(request_of(kind, tmp_path), LOCAL).wait()
    assert [row["error_code"] for row in rows(echo_studio)] == ["storage_failed"] * 2


def test_closing_ends_every_job_and_keeps_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.studio.CLOSE_S", 90)
    install_echo(tmp_path, "slow", delay_s=0.01)
    settings = Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")
    studio = Studio.open(settings)
    conversation, job = studio.say(None, "word " * 1_000, LOCAL)
    until(lambda: "word word" in job.text())

    began = time.monotonic()
    studio.close()
    studio.close()

    assert time.monotonic() - began < 60, "it waited as long as it ever does"
    assert job.wait() == Cancelled()
    with pytest.raises(StudioError, match="shutting down"):
        studio.submit(chat(), LOCAL)
    with Studio.open(settings) as again:
        assert again.interrupted == 0
        reply = again.conversations.messages(conversation.id, "local")[-1]
        assert (reply.state, reply.content) == ("cancelled", job.text())
        assert [row["status"] for row in rows(again)] == ["cancelled"]


def test_an_engine_that_hears_no_stop_does_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.studio.CLOSE_S", 0.1)
    gate = threading.Event()
    deaf, heard = threading.Event(), threading.Event()

    def run(*_: object) -> Iterator[Delta]:
        yield Delta("x")
        deaf.set()
        gate.wait(60)
        heard.set()

    monkeypatch.setattr(EchoChat, "run", run)
    studio = Studio.open(Settings(demo=True, data_dir=tmp_path))
    job = studio.submit(chat(), LOCAL)
    assert deaf.wait(60)
    studio.close()
    assert not heard.is_set()

    gate.set()
    until(lambda: job.finished)  # though nothing can be written any more, no follower waits for ever
