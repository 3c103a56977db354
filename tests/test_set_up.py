"""The set-up: quick when nothing changed, torch as the machine needs it, done again after it failed."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy import install

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own for the set-up's script, where pip is only written down and always succeeds."""
    (tmp_path / "locks").mkdir()
    for name in ("light", "full", "dev", "torch"):
        (tmp_path / "locks" / f"{name}.txt").write_text("torch==1.2.3 \\\n    --hash=sha256:00\n")
    (tmp_path / "pyproject.toml").write_text("")
    venv = tmp_path / ".venv"
    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "STAMP": venv / install.STAMP.name,
        "LOG": venv / install.LOG.name,
        "LOCKS": tmp_path / "locks",
    }.items():
        monkeypatch.setattr(install, name, value)

    def make_venv() -> None:
        (venv / "bin").mkdir(parents=True, exist_ok=True)
        (venv / "bin" / "python").write_text("")

    monkeypatch.setattr(install, "create_venv", make_venv)
    monkeypatch.setattr(install, "has_nvidia_gpu", lambda: False)
    return tmp_path


@pytest.fixture
def pip_runs(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of each ``pip install`` that the set-up would run."""
    runs: list[str] = []

    def record(label: str, *arguments: str, total: int = 0) -> bool:
        runs.append(" ".join(arguments).replace(str(checkout), "."))
        return True

    monkeypatch.setattr(install, "pip_install", record)
    monkeypatch.setattr(install, "compile_by_importing", lambda _: subprocess.Popen(["true"]))
    return runs


def test_the_second_set_up_does_nothing(pip_runs: list[str]) -> None:
    install.set_up("full", "auto")
    first = len(pip_runs)
    install.set_up("full", "auto")
    install.set_up("light", "auto")

    assert first == 3
    assert len(pip_runs) == first


def test_light_installs_no_torch_and_full_adds_it(pip_runs: list[str]) -> None:
    install.set_up("light", "auto")
    assert not any("torch" in run for run in pip_runs)

    install.set_up("full", "auto")
    assert any("torch==1.2.3+cpu" in run for run in pip_runs)


def test_a_changed_lock_is_installed(checkout: Path, pip_runs: list[str]) -> None:
    install.set_up("light", "auto")
    pip_runs.clear()
    (checkout / "locks" / "light.txt").write_text("gradio==2 \\\n    --hash=sha256:00\n")

    install.set_up("light", "auto")

    assert pip_runs[0] == "--require-hashes --only-binary=:all: --requirement ./locks/light.txt"


def test_a_set_up_that_failed_is_done_again(pip_runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    install.set_up("light", "auto")
    with monkeypatch.context() as broken:
        broken.setattr(install, "pip_install", lambda *_, **__: False)
        install.LOG.write_text("noise\n  ERROR: No matching distribution found for gradio\n")
        broken.setattr(Path, "unlink", lambda *_, **__: None)  # keeps the log for the message
        with pytest.raises(install.SetupFailed, match=r"No matching distribution(.|\n)*run the same command again"):
            install.set_up("full", "auto")
    install.STAMP.unlink()

    install.set_up("light", "auto")

    assert len(pip_runs) == 4


def test_without_a_cpu_build_anywhere_the_ordinary_torch_is_taken(
    pip_runs: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = install.pip_install
    monkeypatch.setattr(install, "pip_install", lambda *args, **rest: record(*args, **rest) and "+cpu" not in args[-1])

    install.set_up("full", "auto")

    assert [("+cpu" in run, "pytorch.org" in run) for run in pip_runs[1:4]] == [
        (True, False),
        (True, True),
        (False, False),
    ]
    assert "PROFILE=light" in capsys.readouterr().out
    assert json.loads(install.STAMP.read_text())["torch"] == "ordinary"


def test_the_make_file_lists_its_commands_and_ci_runs_the_tests() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True).stdout

    assert {"run", "test", "lock", "bench"} <= set(re.findall(r"^  make ([a-z]+)", listed, flags=re.MULTILINE))
    assert re.search(r"^exec make test\b", (ROOT / ".ci/run").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert subprocess.run(["bash", "-n", ROOT / ".ci/run"]).returncode == 0
