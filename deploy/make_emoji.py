"""Writes engines/spoken/emoji.txt: the emoji's short names of Unicode's CLDR, in English and Polish.

python deploy/make_emoji.py --annotations cldr-annotations-full --derived cldr-annotations-derived-full

Both are the unpacked npm packages of those names, at the version below, whose licence (Unicode-3.0) goes
into the file with the names.
"""

import argparse
import json
import re
from pathlib import Path

CLDR = "48.2"
EMOJI = Path(__file__).parent.parent / "engines" / "spoken" / "emoji.txt"
LANGUAGES = ("en", "pl")
# Skin tones and variation selectors change no name that is said; a keycap is read as its digit.
_LEFT_OUT = re.compile("[\u20e3\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
# The same signs as in engines/spoken/emoji.py: CLDR names arrows and punctuation too.
_EMOJI = re.compile(
    "[\u203c\u2049\u231a-\u23ff\u24c2\u25fd\u25fe\u2600-\u27bf\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff]"
)
_HEAD = f"""\
The emoji's short names in English and Polish: CLDR {CLDR}, annotations and annotationsDerived,
without skin tones and variation selectors. Columns: emoji, English, Polish.
Written by deploy/make_emoji.py.
"""


def names(folder: Path, root: str, language: str) -> dict[str, str]:
    """The name of each emoji in one package and language; an emoji without a spoken name is left out."""
    path = folder / root / language / "annotations.json"
    annotations = json.loads(path.read_text(encoding="utf-8"))[root]["annotations"]
    return {
        emoji: re.sub("^flag: ", "flag of ", found["tts"][0]).replace(": ", ", ")
        for emoji, found in annotations.items()
        if "tts" in found and _EMOJI.search(emoji) and not _LEFT_OUT.search(emoji)
    }


def main() -> None:
    """Write the file anew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--annotations", type=Path, required=True, help="cldr-annotations-full, unpacked")
    parser.add_argument("--derived", type=Path, required=True, help="cldr-annotations-derived-full, unpacked")
    given = parser.parse_args()
    columns = [
        names(given.annotations, "annotations", language) | names(given.derived, "annotationsDerived", language)
        for language in LANGUAGES
    ]
    licence = (given.annotations / "LICENSE").read_text(encoding="utf-8").strip()
    head = "".join(f"# {line}".rstrip() + "\n" for line in f"{_HEAD}\n{licence}".splitlines())
    rows = [
        f"{emoji}\t{columns[0][emoji]}\t{columns[1][emoji]}\n" for emoji in sorted(columns[0]) if emoji in columns[1]
    ]
    EMOJI.write_text(head + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
