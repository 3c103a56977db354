"""Fetches the free emoji pictures and their names, and lays them out as PNG files with one list of captions.

Pictures: Fluent Emoji 3D (MIT), Noto Emoji (Apache-2.0) and Twemoji (graphics CC-BY 4.0). Names and keywords in
English and Polish: emojibase-data (MIT). All come as npm packages of pinned versions. Flags, families, letters and
keycaps are left out, and each picture is taken in its neutral tone alone.
"""

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

SIZE_PX = 128
PACKAGES = {
    "names": "emojibase-data@17.0.0",
    "3d": "@lobehub/fluent-emoji-3d@1.1.0",
    "noto": "@iconify-json/noto@1.2.9",
    "flat": "@iconify-json/twemoji@1.2.5",
}
STYLES = ("3d", "noto", "flat")
# Of emojibase, all but skin tones and flags.
GROUPS = {"faces": 0, "people": 1, "animals": 3, "food": 4, "places": 5, "activities": 6, "objects": 7, "symbols": 8}
# Subgroups of emojibase that hold letters, signs to be read, or people told apart by who stands beside whom.
LEFT_OUT = {"family", "alphanum", "keycap", "punctuation", "gender", "currency", "math", "hair-style"}
# A picture whose name has one of these is another one when it is seen in a mirror.
SIDED = re.compile(r"\b(left|right|arrow|clock|o’clock|button|sign|keyboard|calendar|abc|text|twelve)\b")
_GENDERED = re.compile("\u200d[\u2640\u2642]")


@dataclass(frozen=True, slots=True)
class Named:
    """What a picture shows, in both languages.

    Attributes:
        code: Its code points in hexadecimal, joined by "-", without variation selectors.
        en, pl: The name and then the keywords.
        sided: Whether a mirror would make it wrong.
    """

    code: str
    en: tuple[str, ...]
    pl: tuple[str, ...]
    sided: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of ``captions.jsonl``: a file and what is in it."""

    file: str
    style: str
    name: Named


def fetch(folder: Path, styles: Sequence[str] = STYLES) -> None:
    """Fetch and unpack the packages that are not in ``folder`` yet, with the npm client."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, package in PACKAGES.items():
        if (folder / key).is_dir() or key not in ("names", *styles):
            continue
        told = subprocess.run(
            ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
        )
        archive = folder / told.stdout.split()[-1]
        with tarfile.open(archive) as packed:
            packed.extractall(folder / f"{key}.part", filter="data")
        archive.unlink()
        (folder / f"{key}.part").rename(folder / key)


def names(folder: Path, groups: Iterable[str] = GROUPS) -> list[Named]:
    """Return what the pictures of some groups are to be called, from the unpacked ``emojibase-data``."""
    taken = {GROUPS[group] for group in groups}
    base = folder / "names" / "package"
    subgroups = {
        found["order"]: found["key"]
        for found in json.loads((base / "en" / "messages.json").read_text(encoding="utf-8"))["subgroups"]
    }
    polish = {row["hexcode"]: row for row in json.loads((base / "pl" / "data.json").read_text(encoding="utf-8"))}
    found = []
    for row in json.loads((base / "en" / "data.json").read_text(encoding="utf-8")):
        if row.get("group") not in taken or subgroups.get(row.get("subgroup")) in LEFT_OUT:
            continue
        other = polish.get(row["hexcode"])
        if other is None or _GENDERED.search(row["emoji"]):
            continue
        english = (row["label"], *(tag for tag in row.get("tags", ()) if tag != row["label"]))
        found.append(
            Named(
                code=_plain(row["hexcode"]),
                en=english,
                pl=(other["label"], *other.get("tags", ())),
                sided=SIDED.search(row["label"]) is not None or row["group"] == 8,
            )
        )
    return found


def _plain(code: str) -> str:
    return "-".join(part for part in code.lower().split("-") if part != "fe0f")


def lay_out(packages: Path, folder: Path, styles: Sequence[str] = STYLES, size_px: int = SIZE_PX) -> int:
    """Write every picture on white as a PNG, and ``captions.jsonl`` last; returns how many there are.

    All but "3d" are SVG, which the package ``resvg-py`` draws.
    """
    folder.mkdir(parents=True, exist_ok=True)
    named = {name.code: name for name in names(packages)}
    listed = []
    for style in styles:
        drawn = _fluent(packages) if style == "3d" else _iconify(packages / style / "package", size_px)
        for code, picture in drawn:
            if (name := named.get(code)) is None:
                continue
            file = f"{style}-{code}.png"
            _on_white(picture, size_px).save(folder / file)
            listed.append(Listed(file, style, name))
    lines = "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in listed)
    (folder / "captions.jsonl").write_text(lines, encoding="utf-8")
    return len(listed)


def read_list(folder: Path) -> list[Listed]:
    """Return what ``lay_out`` wrote."""
    rows = [json.loads(line) for line in (folder / "captions.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        Listed(
            row["file"],
            row["style"],
            Named(row["name"]["code"], tuple(row["name"]["en"]), tuple(row["name"]["pl"]), row["name"]["sided"]),
        )
        for row in rows
    ]


def _fluent(packages: Path) -> Iterator[tuple[str, Image.Image]]:
    for path in sorted((packages / "3d" / "package" / "assets").glob("*.webp")):
        yield _plain(path.stem), Image.open(path)


def _iconify(package: Path, size_px: int) -> Iterator[tuple[str, Image.Image]]:
    """Draw an Iconify set; its SVG bodies stand in one file, by name, and the code points in another."""
    import resvg_py

    icons = json.loads((package / "icons.json").read_text(encoding="utf-8"))
    codes: Mapping[str, str] = json.loads((package / "chars.json").read_text(encoding="utf-8"))
    for code, name in codes.items():
        icon = icons["icons"].get(name)
        if icon is None:
            continue
        width, height = (icon.get(side) or icons.get(side) or 16 for side in ("width", "height"))
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {width} {height}">{icon["body"]}</svg>'
        )
        png = resvg_py.svg_to_bytes(svg_string=svg, width=size_px, height=size_px)
        yield _plain(code), Image.open(io.BytesIO(bytes(png)))


def _on_white(picture: Image.Image, size_px: int) -> Image.Image:
    """Return the picture on white with a margin of a sixteenth, so that it never touches the edge."""
    inner = size_px - size_px // 8
    clear = picture.convert("RGBA").resize((inner, inner), Image.Resampling.LANCZOS)
    sheet = Image.new("RGBA", (size_px, size_px), "white")
    sheet.alpha_composite(clear, ((size_px - inner) // 2, (size_px - inner) // 2))
    return sheet.convert("RGB")
