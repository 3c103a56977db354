"""The command `app.py keys`: add, list and revoke API keys, also while Hearth runs."""

import argparse
import sys
from collections.abc import Sequence

from store import ApiKeys, Database
from studio.keys import SCOPES, Keys
from studio.settings import Settings


def run(argv: Sequence[str]) -> None:
    """Do what the arguments after ``keys`` say.

    Raises:
        StudioError: It can't be done; told by app.py.
    """
    parser = argparse.ArgumentParser(prog="app.py keys", description="API keys of this Hearth.")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="make a key and show it, once")
    add.add_argument("name", help="what you will know it by")
    add.add_argument("--scope", action="append", choices=SCOPES, help="may be given several times (default: generate)")
    add.add_argument("--days", type=int, help="until it expires (default: never)")
    commands.add_parser("list", help="show all keys, not their texts")
    revoke = commands.add_parser("revoke", help="let nobody in with a key any more")
    revoke.add_argument("id", help="from `keys list`")
    for command in commands.choices.values():
        command.add_argument("--data-dir", help="as of Hearth itself")
    asked = parser.parse_args(list(argv))
    settings = Settings.load(["--data-dir", asked.data_dir] if asked.data_dir else [])
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.data_dir)
    try:
        keys = Keys(ApiKeys(database))
        if asked.command == "add":
            key, text = keys.make(asked.name, tuple(asked.scope or ("generate",)), asked.days)
            print(f"{key.id}  {key.name}  {', '.join(key.scopes)}", file=sys.stderr)
            print("This is the key. It is shown this once:", file=sys.stderr)
            print(text)
        elif asked.command == "revoke":
            keys.revoke(asked.id)
            print(f"Revoked {asked.id}.", file=sys.stderr)
        else:
            for key in keys.all():
                used, until = key.last_used_at or "never", key.expires_at or "never"
                print(f"{key.id}  {key.hint}…  {key.name}  {','.join(key.scopes)}  used: {used}  expires: {until}")
    finally:
        database.close()
