"""The command `python app.py models`: take a model in from this machine, and measure one."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from studio.caller import Caller
from studio.hand_import import import_model
from studio.settings import Settings
from studio.studio import Studio


def run(argv: Sequence[str]) -> None:
    """Do what the arguments after ``models`` say.

    Raises:
        StudioError: See ``hand_import.importing`` and ``Studio.benchmark``.
    """
    parser = argparse.ArgumentParser(prog="app.py models", description="Models of this Hearth.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    adding = commands.add_parser("import", help="put a model's file or folder into place")
    adding.add_argument(
        "path",
        type=Path,
        help="a .gguf or .onnx file, or a folder: diffusers, transformers, Whisper (CTranslate2), Firefox Translations",
    )
    adding.add_argument("--from", dest="source", help="the language of the source, like en")
    adding.add_argument("--to", dest="target", help="the language of the translation, like pl")
    adding.add_argument("--name", help="its id (default: firefox-en-pl, or the name of the file or folder)")
    adding.add_argument("--link", action="store_true", help="link the files in place of copying them (same disk)")
    measuring = commands.add_parser("benchmark", help="measure a model here, and keep the figures")
    measuring.add_argument("model", help="its id")
    for command in (adding, measuring):
        command.add_argument("--data-dir", help="Hearth's data folder (default: as app.py)")
    asked = parser.parse_args(argv)
    settings = Settings.load(["--data-dir", asked.data_dir] if asked.data_dir else [])
    if asked.command == "benchmark":
        with Studio.open(settings) as studio:
            found = studio.benchmark(asked.model, Caller())
        for name, value in found.figures.items():
            print(f"{name:<18} {value:g}")
        return
    spec = import_model(
        *(asked.path, settings.models_dir), source=asked.source, target=asked.target, name=asked.name, link=asked.link
    )
    print(f"{spec.id}: {spec.title}, {spec.size_bytes / 1e6:,.0f} MB", file=sys.stdout)
