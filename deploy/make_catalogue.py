"""Writes the catalogue's lists of Firefox pairs and Piper voices from their publishers' lists.

python deploy/make_catalogue.py --firefox firefox-models.json --voices voices.json

The first is a list of the files in github.com/mozilla/firefox-translations-models at the commit
below; the second is ``piper/voices.json`` of the wheel piper-tts 1.2.0, which describes the tag
v1.0.0 of the Hub repository rhasspy/piper-voices.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from pathlib import Path

from studio.catalogue import Entry, ModelFile, Source
from studio.languages import LANGUAGES

DATA = Path(__file__).parent.parent / "studio" / "data"
FIREFOX_COMMIT = "e7957fc407441a5e3e35bbcbf9d60d9b35764618"
VOICES_TAG = "v1.0.0"
# Smallest first: the first that a pair has is its default.
ARCHITECTURES = ("tiny", "base-memory", "base")
# The growth of a process that loaded and used one; the larger ones have not been measured.
MEMORY_BYTES = {"tiny": 32_000_000}
ROLES = ("model", "vocab", "srcvocab", "trgvocab", "lex")
RECOMMENDED_PAIRS = {("en", "pl"), ("pl", "en")}
RECOMMENDED_VOICES = {"pl_PL-gosia-medium", "pl_PL-darkman-medium"}


def starter_ids() -> set[str]:
    """The ids that starters.json gives away; read by itself, as the other files may be about to change form."""
    return {item["id"] for item in json.loads((DATA / "starters.json").read_text(encoding="utf-8"))["models"]}


def firefox_entries(models: list[dict[str, object]]) -> list[Entry]:
    """One entry for each published model, the smallest of a pair under the pair's plain id."""
    taken = starter_ids()
    by_pair: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for model in models:
        # zh-Hans is what the list calls two models of Chinese; their folders and files say zh.
        pair = (str(model["source_lang"]).removesuffix("-Hans"), str(model["target_lang"]).removesuffix("-Hans"))
        by_pair[pair].append(model)
    return [
        _firefox_entry(pair, model, _suffix(f"firefox-{'-'.join(pair)}", group, model, taken))
        for pair, group in sorted(by_pair.items())
        for model in sorted(group, key=lambda model: ARCHITECTURES.index(str(model["architecture"])))
    ]


def _suffix(plain: str, group: list[dict[str, object]], model: Mapping[str, object], taken: set[str]) -> str:
    here = [name for name in ARCHITECTURES if name in {other["architecture"] for other in group}]
    architecture = str(model["architecture"])
    if architecture == here[0] and plain not in taken:
        return ""
    # "base" is the word for the larger one of two; where there are three, each keeps its own name.
    return "-base" if architecture == "base-memory" and "base" not in here else f"-{architecture}"


def _firefox_entry(pair: tuple[str, str], model: dict[str, object], suffix: str) -> Entry:
    source, target = pair
    architecture, listed = str(model["architecture"]), model["files"]
    assert isinstance(listed, list)
    files = []
    # A quality model, which a few pairs have too, is left out: no engine here reads it.
    for item in sorted((item for item in listed if _role(item) in ROLES), key=lambda item: ROLES.index(_role(item))):
        is_model = _role(item) == "model"
        files.append(
            ModelFile(
                path=item["name"].removesuffix(".gz"),
                origin=item["name"],
                size_bytes=int(str(model["model_bytes"])) if is_model else 0,
                sha256=str(model["model_sha256"]) if is_model else "",
                packed_bytes=item["gz_bytes"],
                packed_sha256=item["gz_sha256"],
            )
        )
    bleu = model["flores200_dev_bleu"]
    size = {"tiny": "small", "base-memory": "larger", "base": "largest"}[architecture]
    scored = f" BLEU {bleu} on FLORES-200 dev." if bleu is not None else ""
    return Entry(
        id=f"firefox-{source}-{target}{suffix}",
        engine="firefox",
        kind="translation",
        title=f"{LANGUAGES[source]} to {LANGUAGES[target]}" + ("" if architecture == "tiny" else f" ({architecture})"),
        source=Source(type="firefox", name=f"{architecture}/{source}{target}", revision=FIREFOX_COMMIT),
        files=tuple(files),
        # What is published of the unpacked files; the vocabulary and the shortlist add a few MB.
        size_bytes=int(str(model["model_bytes"])),
        memory_bytes=MEMORY_BYTES.get(architecture, 0),
        languages=(source, target),
        source_lang=source,
        target_lang=target,
        licence="MPL-2.0",
        note=f"The {size} Firefox Translations model of this pair.{scored}",
        recommended=pair in RECOMMENDED_PAIRS and not suffix,
    )


def _role(item: Mapping[str, str]) -> str:
    return item["name"].split(".", 1)[0]


def voice_entries(voices: Mapping[str, dict[str, object]]) -> list[Entry]:
    """One entry for each voice, less the one that is a starter."""
    taken = starter_ids()
    found = []
    for key, voice in sorted(voices.items()):
        language, listed = voice["language"], voice["files"]
        assert isinstance(language, dict) and isinstance(listed, dict)
        files = tuple(
            ModelFile(
                path=origin.rsplit("/", 1)[1], origin=origin, size_bytes=item["size_bytes"], md5=item["md5_digest"]
            )
            for origin, item in sorted(listed.items())
            if not origin.endswith("MODEL_CARD")
        )
        if key.lower() in taken:
            continue
        speakers = voice["num_speakers"]
        many = f" It has {speakers} speakers." if speakers != 1 else ""
        found.append(
            Entry(
                id=_plain(key),
                engine="piper",
                kind="speech",
                title=f"{str(voice['name']).replace('_', ' ').capitalize()} "
                f"({language['name_english']}, {language['region']}, {voice['quality']})",
                source=Source(type="hub", name="rhasspy/piper-voices", revision=VOICES_TAG),
                files=files,
                size_bytes=sum(file.size_bytes for file in files),
                languages=(str(language["family"]),),
                licence="see the voice's model card",
                note=f"A Piper voice of {voice['quality']} quality.{many}",
                recommended=key in RECOMMENDED_VOICES,
            )
        )
    return found


def _plain(key: str) -> str:
    """The voice's name as an id: lower case, without accents."""
    return key.lower().replace("ã", "a")


def as_json(entry: Entry) -> dict[str, object]:
    """The entry's fields that differ from their defaults."""
    return _lean(entry) | {"source": _lean(entry.source), "files": [_lean(file) for file in entry.files]}


def _lean(value: Entry | Source | ModelFile) -> dict[str, object]:
    plain = asdict(value)
    defaults = {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(value)
    }
    return {name: item for name, item in plain.items() if item != defaults[name]}


def write(name: str, about: str, found: list[Entry]) -> None:
    """Write one of the catalogue's files, an entry a line."""
    lines = ",\n".join(json.dumps(as_json(entry), ensure_ascii=False) for entry in found)
    text = f'{{"about": {json.dumps(about)},\n"models": [\n{lines}\n]}}\n'
    (DATA / f"{name}.json").write_text(text, encoding="utf-8")
    print(f"{name}.json: {len(found)} models")


def main() -> None:
    """Read the publishers' lists and write those of Hearth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--firefox", type=Path, required=True, help="list of the published Firefox models")
    parser.add_argument("--voices", type=Path, required=True, help="piper/voices.json")
    given = parser.parse_args()
    write(
        "firefox",
        f"Firefox Translations models at commit {FIREFOX_COMMIT}; written by deploy/make_catalogue.py.",
        firefox_entries(json.loads(given.firefox.read_text(encoding="utf-8"))["models"]),
    )
    write(
        "voices",
        f"Piper's voices at tag {VOICES_TAG}; written by deploy/make_catalogue.py.",
        voice_entries(json.loads(given.voices.read_text(encoding="utf-8"))),
    )


if __name__ == "__main__":
    main()
