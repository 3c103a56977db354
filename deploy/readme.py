"""Writes the generated parts of README.md, the tree and the options, or checks that they are fresh.

`python deploy/readme.py --write` or `--check`. The tree's lines are the first docstring lines of the files,
so a file and its line cannot drift apart; the options are what `python app.py --help` prints.
"""

import argparse
import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
# Rooms from the door inwards; those that are no packages say their purpose here.
ROOMS: dict[str, str | None] = {
    "contract": None,
    "studio": None,
    "engines": None,
    "store": None,
    "ui": None,
    "api": None,
    "notebooks": "Explorations; each imports the studio only",
    "benchmarks": "Side by side measurements, each a command",
    "recipes": None,
    "deploy": "What a deployment needs besides the Dockerfile",
    "tests": "One contract suite for all engines, one file a module, a real browser in e2e/",
}
SILENT = ("tests",)  # rooms whose files are not listed one by one


class Stale(Exception):
    """README.md, or a file that it lists, is not as it should be."""


def purpose(path: Path) -> str:
    """The one-line purpose of a Python file or notebook.

    Raises:
        Stale: The file says none.
    """
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "".join(cells[0]["source"]) if cells and cells[0]["cell_type"] == "markdown" else ""
    else:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = text.strip().split("\n")[0].lstrip("# ").rstrip(".").replace("``", "`")
    if not first:
        raise Stale(f"{path.relative_to(ROOT)} does not begin with a line that says its purpose.")
    return first


def listed(room: Path) -> Iterator[Path]:
    """The files of a room that stand in the tree, in order; none of a silent room."""
    if room.name in SILENT:
        return
    for path in sorted(room.rglob("*")):
        if path.suffix in (".py", ".ipynb") and path.name != "__init__.py" and ".ipynb_checkpoints" not in path.parts:
            yield path


def tree() -> str:
    """The tree of the project with one line a file, as fenced text."""
    rows = [("app.py", purpose(ROOT / "app.py"))]
    for name, fixed in ROOMS.items():
        room = ROOT / name
        rows.append((f"{name}/", fixed if fixed is not None else purpose(room / "__init__.py")))
        rows += [(f"  {path.relative_to(room)}", purpose(path)) for path in listed(room)]
    width = max(len(name) for name, _ in rows) + 2
    return "\n".join(["```text", *(f"{name:<{width}}{line}" for name, line in rows), "```"])


def options() -> str:
    """The options of app.py as a table, from what `python app.py --help` prints.

    Raises:
        Stale: It failed, or printed no options.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HEARTH_")}
    done = subprocess.run(
        [sys.executable, "app.py", "--help"],
        cwd=ROOT,
        env={**environment, "COLUMNS": "1000", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    found = re.findall(r"^  --([a-z-]+)( [A-Z_]+)?\s+(\S.*?)(?: \[HEARTH_\w+\])?$", done.stdout, flags=re.MULTILINE)
    if done.returncode or not found:
        raise Stale(f"`python app.py --help` gave no options: {done.stderr.strip() or done.stdout.strip()}")
    rows = ["| option | environment | what it does |", "|---|---|---|"]
    for flag, value, text in found:
        rows.append(f"| `--{flag}{value}` | `HEARTH_{flag.replace('-', '_').upper()}` | {text} |")
    return "\n".join(rows)


def put(readme: str, part: str, text: str) -> str:
    """Replace what stands between a part's two markers.

    Raises:
        Stale: The markers are not there exactly once.
    """
    pattern = re.compile(rf"(<!-- {part}:begin[^>]*-->\n).*?(<!-- {part}:end -->)", flags=re.DOTALL)
    replaced, count = pattern.subn(lambda found: f"{found[1]}{text}\n{found[2]}", readme)
    if count != 1:
        raise Stale(f"README.md must hold the markers of the part {part!r} once; it holds them {count} times.")
    return replaced


def fresh() -> str:
    """README.md as it should be now."""
    return put(put(README.read_text(encoding="utf-8"), "tree", tree()), "options", options())


def main() -> None:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="bring README.md up to date")
    mode.add_argument("--check", action="store_true", help="fail when README.md is not up to date")
    arguments = parser.parse_args()
    try:
        text = fresh()
    except Stale as stale:
        raise SystemExit(str(stale)) from stale
    if arguments.write:
        README.write_text(text, encoding="utf-8")
    elif text != README.read_text(encoding="utf-8"):
        raise SystemExit("README.md is stale: run `make docs` and commit what it changes.")


if __name__ == "__main__":
    main()
