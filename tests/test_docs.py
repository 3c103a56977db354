"""What the README says is so: its tree, options, links and commands; and every file says its purpose."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import readme
from tests.serving import Server

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Places that exist on somebody's machine alone. Written so that this file does not name them either.
MACHINE_PATHS = re.compile(r"(^|[^\w.])/(work|root|farm|home/[a-z]+|Users)/|/tmp/(v|plan)\b|/opt/(wheels|pypi)")
NO_TEXT = (".png", ".jpg", ".safetensors", ".woff2", ".wav", ".mp3", ".onnx", ".gguf")
# The image makes its own user, and the pages of a project that is named so have such addresses.
HARMLESS = re.compile(r"https?://\S+")


def tracked() -> list[Path]:
    """The files under version control; all source files where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    folders = [ROOT, *(ROOT / room for room in readme.ROOMS)]
    return [path for folder in folders for path in folder.glob("*") if path.is_file()]


def slug(heading: str) -> str:
    """The anchor that GitHub and the Hub give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_the_tree_and_the_options_in_the_readme_are_fresh() -> None:
    assert readme.fresh() == README, "run `make docs`"


def test_a_stale_readme_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stale = tmp_path / "README.md"
    stale.write_text(README.replace("--data-dir", "--data-folder"), encoding="utf-8")
    monkeypatch.setattr(readme, "README", stale)
    monkeypatch.setattr(sys, "argv", ["readme.py", "--check"])

    with pytest.raises(SystemExit, match="stale"):
        readme.main()


def test_missing_markers_are_told(tmp_path: Path) -> None:
    with pytest.raises(readme.Stale, match="'tree' once; it holds them 0 times"):
        readme.put("# No markers", "tree", "text")


def test_every_python_file_begins_with_its_purpose() -> None:
    silent = []
    for path in tracked():
        if path.suffix == ".py" and (path.name != "__init__.py" or path.stat().st_size):
            try:
                line = readme.purpose(path)
            except readme.Stale as stale:
                silent.append(str(stale))
            else:
                if len(line) > 117:
                    silent.append(f"{path.relative_to(ROOT)}: the first docstring line does not fit on one line")

    assert silent == []


def test_a_file_without_purpose_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    (tmp_path / "mute.py").write_text("import os\n")

    with pytest.raises(readme.Stale, match=r"mute\.py"):
        readme.purpose(tmp_path / "mute.py")


def python_blocks() -> list[str]:
    """The Python that the README shows."""
    return re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_in_the_readme_runs(tmp_path: Path) -> None:
    code = next(block for block in python_blocks() if "from studio" in block)
    environment = {**os.environ, "HEARTH_DEMO": "1", "HEARTH_DATA_DIR": str(tmp_path)}

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_the_client_in_the_readme_gets_an_answer(tmp_path: Path) -> None:
    code = next(block for block in python_blocks() if "from openai" in block)
    server = Server(tmp_path, "--demo", "--api-only").start()
    try:
        code = code.replace("http://127.0.0.1:7860", server.url).replace("smollm2-135m", "echo-chat")
        shown = code.replace("client.chat", "print(client.chat").rstrip() + ".choices[0].message.content)"
        done = subprocess.run([sys.executable, "-c", shown], cwd=ROOT, capture_output=True, text=True)
    finally:
        server.stop()

    assert (done.returncode, done.stderr) == (0, "")
    assert "Hello" in done.stdout


def test_every_relative_link_of_the_documents_leads_somewhere() -> None:
    broken = []
    for document in (path for path in tracked() if path.suffix == ".md"):
        text = document.read_text(encoding="utf-8")
        anchors = {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)}
        targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
        for target in targets:
            file, _, anchor = target.partition("#")
            if file.startswith(("http://", "https://", "mailto:")):
                continue
            if (file and not (document.parent / file).exists()) or (not file and anchor not in anchors):
                broken.append(f"{document.relative_to(ROOT)}: {target}")

    assert broken == []


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`|\$ )make ([a-z]+)", README, flags=re.MULTILINE))

    assert {"run", "test"} <= named
    assert named - targets == set()


def test_every_module_that_the_readme_runs_exists() -> None:
    modules = re.findall(r"python -m ((?:benchmarks|deploy)[\w.]*)", README)
    files = [ROOT.joinpath(*module.split(".")) for module in modules]

    assert [str(file) for file in files if not (file.with_suffix(".py").is_file() or file.is_dir())] == []


def test_no_tracked_file_names_a_place_on_somebodys_machine() -> None:
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in NO_TEXT:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if MACHINE_PATHS.search(HARMLESS.sub("", line)):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")

    assert found == []
