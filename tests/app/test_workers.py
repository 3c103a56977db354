"""The real server and a model's process: the crash of the one leaves the other up, and they end together."""

import signal
from pathlib import Path

import httpx
import openai
import psutil
import pytest

from tests.echo_models import until
from tests.serving import Server, use_models

QUESTION = [{"role": "user", "content": "Tell me a long story about a lighthouse."}]


def worker_of(server: Server) -> psutil.Process:
    """The process of the one model that a server has loaded."""
    assert server.process is not None
    children = psutil.Process(server.process.pid).children()
    [process] = [child for child in children if "engines.worker_host" in child.cmdline()]
    return process


def test_a_crash_in_a_model_s_process_is_an_answer_and_the_server_stays_up(tmp_path: Path, starters: Path) -> None:
    use_models(tmp_path, starters, ["smollm2-135m"])
    server = Server(tmp_path, "--no-starters").start()
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
        ask = client.chat.completions
        stream = ask.create(model="smollm2-135m", messages=QUESTION, temperature=0, max_tokens=2_000, stream=True)
        next(iter(stream))
        crashed = worker_of(server)
        crashed.send_signal(signal.SIGSEGV)
        with pytest.raises(openai.APIError, match=r"crashed \(SIGSEGV\); the rest of Hearth goes on. Try again"):
            list(stream)

        assert httpx.get(f"{server.url}/health", timeout=60).json()["loaded_models"] == {}
        reply = ask.create(model="smollm2-135m", messages=QUESTION, temperature=0, max_tokens=4)
        assert reply.choices[0].message.content
    worker = worker_of(server)
    assert worker.pid != crashed.pid
    log = server.log_path.read_text()
    assert "worker_ended" in log and "Fatal Python error: Segmentation fault" in log

    server.stop(signal.SIGKILL)
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
