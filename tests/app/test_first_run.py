"""A newcomer's first minutes: a fresh clone, one command, the page, a real reply; then a start without a network."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import openai
import pytest

from tests.serving import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(os.environ.get("HEARTH_SLOW_TESTS") != "1", reason="takes minutes: HEARTH_SLOW_TESTS=1"),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


@contextmanager
def made_run(clone: Path, data_dir: Path, env: dict[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """``make run PROFILE=light`` in a clone; gives the address that it prints and what it said before; ends it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HEARTH_", "VIRTUAL_ENV"))}
    process = subprocess.Popen(
        ["make", "run", "PROFILE=light", f"ARGS=--port 0 --data-dir {data_dir}"],
        cwd=clone,
        env={**clean, "OLLAMA_HOST": "http://127.0.0.1:9", **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            printed.append(line)
            if found := re.search(r"Hearth is at (\S+)", line):
                yield found[1], "".join(printed)
                break
        else:
            raise AssertionError("it ended before it had an address:\n" + "".join(printed))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def until_ready(url: str) -> None:
    deadline = time.monotonic() + 180
    while httpx.get(f"{url}/ready", timeout=30).status_code != 200:
        assert time.monotonic() < deadline, "the dashboard did not open"
        time.sleep(0.2)  # polls


def test_from_a_clone_to_a_page_and_a_reply_and_again_without_a_network(tmp_path: Path) -> None:
    clone, data_dir = tmp_path / "hearth", tmp_path / "data"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)

    with made_run(clone, data_dir) as (url, said):
        assert "Setting up Hearth" in said
        until_ready(url)
        page = httpx.get(url, timeout=60)
        assert page.status_code == 200 and "gradio" in page.text
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
            reply = client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "Say hello."}], max_tokens=16
            )
        assert (reply.choices[0].message.content or "").strip()
        assert reply.model == "smollm2-135m"
        # Light: pictures are what is missing, and it says which command adds them.
        drawing = httpx.get(f"{url}/health", timeout=30).json()["parts"]["diffusers"]
        assert drawing["status"] == "limited"
        assert "torch" in drawing["message"]
        assert "make install PROFILE=full" in drawing["message"]
    assert not list((clone / ".venv").glob("lib/python*/site-packages/torch"))

    dead = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PIP_INDEX_URL"), "http://127.0.0.1:9")
    with made_run(clone, data_dir, env=dead) as (url, said):
        assert httpx.get(f"{url}/live", timeout=30, trust_env=False).status_code == 200
    assert "Setting up" not in said
