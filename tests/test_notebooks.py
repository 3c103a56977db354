"""The notebooks run from top to bottom on the starters, and what Jupyter shows of calls, errors and interrupts."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import httpx
import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from studio import Caller, ChatSettings, Loading, Progress, Queued, Settings, Studio, jupyter
from tests.echo_models import install_echo, until
from tests.serving import Server, use_models

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST, LOG, QUALITY = NOTEBOOKS


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """What a kernel sees: this tree, one data folder, and no Ollama of this machine's own."""
    own = {"HEARTH_DATA_DIR": str(data_dir), "OLLAMA_HOST": "http://127.0.0.1:9", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own, "IPYTHONDIR": str(data_dir / "ipython"), "JUPYTER_PLATFORM_DIRS": "1", **more}


def execute(notebook: NotebookNode, data_dir: Path, **more: str) -> NotebookNode:
    client = NotebookClient(notebook, timeout=150, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}})
    client.execute(env=environment(data_dir, **more))
    return notebook


def shown(notebook: NotebookNode, of: str) -> str:
    """Everything that the first cell with ``of`` in its source shows, as one text."""
    cell = next(cell for cell in notebook.cells if of in cell.source)
    return json.dumps(cell.outputs, ensure_ascii=False)


def statuses(data_dir: Path) -> list[tuple[str, str, str]]:
    with closing(connect(f"{(data_dir / 'hearth.db').as_uri()}?mode=ro", uri=True)) as db:
        return db.execute("SELECT kind, via, status FROM interactions ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def with_starters(tmp_path_factory: pytest.TempPathFactory, starters: Path) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("notebooks")
    use_models(folder, starters)
    return folder


@pytest.fixture(scope="module")
def first_steps(with_starters: Path) -> NotebookNode:
    return execute(nbformat.read(FIRST, as_version=4), with_starters)


def test_the_first_steps_chat_translate_speak_and_listen_on_the_starters(first_steps: NotebookNode) -> None:
    assert "smollm2-135m" in shown(first_steps, "Studio.open()")
    assert "text/markdown" in shown(first_steps, 's.chat("What is a hearth?"')
    assert len("".join(part["text"] for part in json.loads(shown(first_steps, "print(piece"))).split()) > 20
    assert "Bom dia" in shown(first_steps, "s.translate(")
    assert "data:audio/mpeg;base64," in shown(first_steps, "s.speak(")
    assert "kettle" in shown(first_steps, "s.transcribe(").lower()


def test_the_first_steps_draw_or_say_why_not(first_steps: NotebookNode) -> None:
    drawn = shown(first_steps, "s.image(")

    light = importlib.util.find_spec("diffusers") is None
    assert ("There is no image model on this machine yet" if light else "image/png") in drawn


def test_the_first_steps_end_with_what_they_took(first_steps: NotebookNode) -> None:
    table = shown(first_steps, "s.usage(")

    assert all(kind in table for kind in ("chat", "translation", "speech", "transcription", "image"))


def test_the_log_notebook_reads_what_the_first_steps_wrote(first_steps: NotebookNode, with_starters: Path) -> None:
    log = execute(nbformat.read(LOG, as_version=4), with_starters)

    assert len(statuses(with_starters)) == 7
    assert "Calls a day" in shown(log, "days.style")
    assert "duration_s" in shown(log, "quantile")
    assert "smollm2-135m" in shown(log, "speed")
    assert "Good morning. The train leaves at nine." in shown(log, "mode=ro")


def test_the_log_notebook_runs_on_an_empty_log_and_without_any_model(tmp_path: Path) -> None:
    log = execute(nbformat.read(LOG, as_version=4), tmp_path, HEARTH_DEMO="1")

    assert "echo-chat" in shown(log, "usage.by_model")


def test_the_quality_notebook_scores_the_starter_and_says_what_is_missing(starters: Path, tmp_path: Path) -> None:
    use_models(tmp_path, starters, only=["firefox-en-pt", "firefox-pt-en"])
    scored = execute(nbformat.read(QUALITY, as_version=4), tmp_path)

    assert "English to Portuguese" in shown(scored, "pivot") and "technical" in shown(scored, "pivot")
    assert "not on this machine yet" in shown(scored, "polish")


def test_an_exported_conversation_runs_as_a_notebook_and_asks_again(tmp_path: Path) -> None:
    with Studio.open(Settings(demo=True, data_dir=tmp_path / "first")) as studio:
        conversation, job = studio.say(None, 'Two "quotes" \\ and\n\nlines', Caller(), system="Be brief.")
        job.wait()
        _, job = studio.say(conversation.id, "And on", Caller(), settings=ChatSettings(max_tokens=20))
        job.wait()
        made = studio.export_conversation(conversation.id, Caller(), "notebook")

    notebook = execute(nbformat.reads(made.data.decode(), 4), tmp_path / "second", HEARTH_DEMO="1")

    assert "And on" in shown(notebook, "'And on'")
    assert [row[0] for row in statuses(tmp_path / "second")] == ["chat", "chat"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_outputs_and_in_short_cells(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count] == []
    assert [cell.source for cell in notebook.cells if cell.source.count("\n") >= 10] == []


SENTENCES = {
    's.chat(" ")': "message is empty",
    's.chat("Hello", model="gpt-9")': "gpt-9",
    's.chat("Hello", warmth=2)': "There is no setting 'warmth'. There are: model, max_tokens",
    's.chat([("user", "Hello")])': "it must be a text, or messages with a role and a content",
    's.translate("Hello", to="English")': "it must be a language's code",
    's.transcribe("nowhere.wav")': "There is no recording",
    's.image("a boat", width=65)': "it must be a multiple of 8",
    's.chat("one two three", model="broken")': "broken failed after 1",
}
INTERRUPTED = """
import os, signal, threading, time

def interrupt():
    while not any(job.state == "running" and job.text() for job in s.jobs(None)):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
s.chat("word " * 8_000, model="slow")
"""


COUNTED = """
s.preferences.set("test", "flush", None)
[tuple(row) for row in s.usage().log.groupby(["kind", "status"]).size().reset_index().itertuples(index=False)]
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """One kernel's outputs of many cells, on echo models: slow ones, broken ones, plain ones."""
    folder = tmp_path_factory.mktemp("odd")
    install_echo(folder, "plain")
    install_echo(folder, "slow", delay_s=0.02)
    install_echo(folder, "broken", fail_after=1)
    install_echo(folder, "drawing", "image", load_s=0.2, delay_s=0.15)
    install_echo(folder, "voice", "speech")
    install_echo(folder, "pairs", "translation")
    cells = [
        "from studio import Studio\ns = Studio.open()",
        *SENTENCES,
        INTERRUPTED,
        "s",
        's.chat("**one** two", model="plain")',
        's.chat("one two three", model="slow", stream=True)',
        's.translate("3 * 4 * <5>", "pt", "en", model="pairs")',
        's.image("a boat", seed=7, num_images=2, width=64, height=64, num_inference_steps=3)',
        "s.usage(days=1)",
        COUNTED,
        "s.close(); s",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute(env=environment(folder))
    return notebook


def cell_of(notebook: NotebookNode, source: str) -> list[NotebookNode]:
    return list(next(cell for cell in notebook.cells if cell.source == source).outputs)


@pytest.mark.parametrize("call", SENTENCES)
def test_an_expected_error_is_one_sentence_in_jupyter(odd: NotebookNode, call: str) -> None:
    error = cell_of(odd, call)[-1]

    assert error.output_type == "error"
    assert len(error.traceback) == 1
    assert SENTENCES[call] in error.traceback[0]
    assert ".py" not in error.traceback[0]


def test_interrupting_a_cell_cancels_its_job(odd: NotebookNode) -> None:
    error = cell_of(odd, INTERRUPTED)[-1]

    assert error.traceback == ["Stopped. What was made so far is in the log."]
    assert "('chat', 'cancelled', 1)" in shown(odd, "groupby")


def test_jupyter_shows_each_result_in_its_own_way(odd: NotebookNode) -> None:
    def mime(source: str, kind: str) -> str:
        return str(cell_of(odd, source)[-1]["data"][kind])

    assert "<td" in mime("s", "text/html") and "plain" in mime("s", "text/html")
    assert mime('s.chat("**one** two", model="plain")', "text/markdown").startswith("**one** two\n\n<small")
    assert "3 * 4 * &lt;5&gt;" in mime('s.translate("3 * 4 * <5>", "pt", "en", model="pairs")', "text/html")
    assert shown(odd, 's.image("a boat", seed').count("data:image/png;base64,") == 2
    assert "Usage(" in mime("s.usage(days=1)", "text/plain")
    assert "closed" in mime("s.close(); s", "text/plain")


def test_a_stream_at_the_end_of_a_cell_grows_in_place(odd: NotebookNode) -> None:
    [grown] = cell_of(odd, 's.chat("one two three", model="slow", stream=True)')

    assert grown["data"]["text/markdown"].startswith("one two three\n\n<small")


def test_progress_leaves_nothing_behind(odd: NotebookNode) -> None:
    outputs = cell_of(odd, 's.image("a boat", seed=7, num_images=2, width=64, height=64, num_inference_steps=3)')

    assert [output["data"]["text/plain"] for output in outputs[:-1]] == [""]
    assert "progress" not in json.dumps(outputs)


def test_progress_is_a_bar_with_the_forming_picture() -> None:
    assert jupyter.progress(Progress(3, 4, preview=b"png")) == (
        '<progress value="0.750"></progress> 3 of 4<br><img src="data:image;base64,cG5n">'
    )
    assert jupyter.progress(Loading("A <model>")) == "<progress></progress> Loading A &lt;model&gt;"
    assert jupyter.progress(Queued(2)) == "Waiting, number 2 in line"


def test_leaving_a_streams_loop_cancels_the_reply(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow", delay_s=0.01)
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")) as studio:
        stream = studio.chat("one two three " * 1_000, model="slow", stream=True)
        for piece in stream:
            assert piece.strip() == "one"
            break
        until(lambda: stream.job.finished)

        assert stream.job.state == "cancelled"
        assert stream.result.text.startswith("one")


def test_a_studio_opens_beside_a_running_dashboard_and_harms_nothing(tmp_path: Path) -> None:
    install_echo(tmp_path, "slow", delay_s=0.02)
    server = Server(tmp_path).start()
    body = {"model": "slow", "messages": [{"role": "user", "content": "one two three " * 20}], "stream": True}
    try:
        with (
            httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=60) as reply,
            Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9")) as studio,
        ):
            lines = reply.iter_lines()
            next(lines)
            assert studio.interrupted == 0
            assert studio.chat("four five", model="slow").text == "four five"
            assert "[DONE]" in list(lines)[-2:][0]
            until(lambda: studio.interactions.count() == 2)
    finally:
        server.stop()

    assert sorted(statuses(tmp_path)) == [("chat", "api", "done"), ("chat", "notebook", "done")]


def test_a_script_that_never_closes_its_studio_ends_by_itself(with_starters: Path) -> None:
    code = 'from studio import Studio; print(Studio.open().chat("Hello", max_tokens=3))'

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(with_starters),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
    assert "model_loaded" not in done.stdout
