"""The icons recipe from packages to a pipeline that the engine draws with, at tiny size and with no network."""

import importlib.util
import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from contract.engine import Stop
from contract.events import Picture
from contract.image_requests import ImageRequest
from contract.models import ModelSpec
from engines import ENGINES

pytest.importorskip("diffusers", reason="the light profile has no diffusers")

from recipes.icons import captions, evaluation, inclusion, latents, pictures
from recipes.icons.__main__ import main

# What draws SVG is the recipe's alone, and need not be installed.
STYLES = ("3d",) if importlib.util.find_spec("resvg_py") is None else ("3d", "noto", "flat")
FRUIT = {"1F34E": ("red apple", "czerwone jabłko", "red"), "1F34C": ("banana", "banan", "gold")}
OTHERS = {"1F46A": ("family", "rodzina", "family"), "2B05-FE0F": ("left arrow", "strzałka w lewo", "blue")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe's folder with packages as npm unpacks them, holding four emoji instead of thousands."""
    root = tmp_path_factory.mktemp("icons")
    base = root / "packages" / "names" / "package"
    rows: dict[str, list[dict[str, object]]] = {"en": [], "pl": []}
    for number, (code, (english, polish, _)) in enumerate({**FRUIT, **OTHERS}.items()):
        subgroup = 1 if english == "family" else 0
        group = pictures.GROUPS["symbols" if english == "left arrow" else "food"]
        common = {"hexcode": code, "emoji": "x", "group": group, "subgroup": subgroup, "order": number}
        rows["en"].append({**common, "label": english, "tags": ["fruit", english]})
        rows["pl"].append({**common, "label": polish, "tags": ["owoc"]})
    for language, told in rows.items():
        (base / language).mkdir(parents=True)
        (base / language / "data.json").write_text(json.dumps(told))
    subgroups = [{"order": 0, "key": "food-fruit"}, {"order": 1, "key": "family"}]
    (base / "en" / "messages.json").write_text(json.dumps({"subgroups": subgroups}))
    fluent = root / "packages" / "3d" / "package" / "assets"
    fluent.mkdir(parents=True)
    for code, (_, _, colour) in {**FRUIT, "2b05": OTHERS["2B05-FE0F"]}.items():
        image = Image.new("RGBA", (64, 64))
        ImageDraw.Draw(image).ellipse((8, 8, 56, 56), fill=colour)
        image.save(fluent / f"{code.lower()}.webp")
    for style in ("noto", "flat"):
        package = root / "packages" / style / "package"
        package.mkdir(parents=True)
        icon = {"body": '<circle cx="8" cy="8" r="6" fill="#d00"/>'}
        (package / "icons.json").write_text(json.dumps({"icons": {"one": icon}, "width": 16, "height": 16}))
        (package / "chars.json").write_text(json.dumps({"1f34e": "one", "1f46a": "one"}))
    main(["data", str(root), "--styles", *STYLES])
    return root


def test_pictures_are_laid_out_on_white_with_names_in_both_languages(folder: Path) -> None:
    listed = pictures.read_list(folder / "pictures")

    names = {"3d": ["banana", "left arrow", "red apple"], "noto": ["red apple"], "flat": ["red apple"]}
    assert sorted((one.style, one.name.en[0]) for one in listed) == sorted(
        (style, name) for style in STYLES for name in names[style]
    )
    arrow = next(one for one in listed if one.name.en[0] == "left arrow")
    apple = next(one for one in listed if one.style == "3d" and one.name.en[0] == "red apple")
    assert arrow.name.sided and not apple.name.sided
    assert apple.name.pl == ("czerwone jabłko", "owoc")
    assert captions.plain_caption(apple, "pl") == "czerwone jabłko, 3d"
    shown = latents.read_pictures(folder / "pictures", [apple])
    assert shown.shape == (1, 3, 128, 128)
    assert shown[0, :, 0, 0].tolist() == [255, 255, 255]
    red, green, blue = shown[0, :, 64, 64].tolist()
    assert red > 250 and green < 5 and blue < 5


def test_a_few_steps_make_a_pipeline_that_the_engine_draws_with(folder: Path) -> None:
    main(["autoencoder", str(folder), "--crops", "32"])
    main(["latents", str(folder)])
    main(["train", str(folder), "--pictures", "8", "--batch", "4"])
    main(["train", str(folder), "--pictures", "12", "--batch", "4"])  # goes on from the checkpoint
    import torch

    held = torch.load(folder / "checkpoints" / "checkpoint.pt", weights_only=True)
    assert held["figures"]["seen"] == 12 and held["figures"]["steps"] == 3
    main(["export", str(folder)])

    spec = ModelSpec(
        id="icons", engine="diffusers", kind="image", title="Icons", paths=(folder / "pipeline",),
        options={"num_inference_steps": 2},
    )  # fmt: skip
    engine = ENGINES["diffusers"](spec, threads=2)
    engine.load()
    try:
        asked = ImageRequest(prompt="czerwone jabłko, 3d", negative_prompt="banana", seed=1)
        (picture,) = [event for event in engine.run(asked, Stop()) if isinstance(event, Picture)]
        assert (picture.width, picture.height) == (128, 128)
        again = ImageRequest(prompt="banana", image=picture.png, strength=0.6, seed=1)
        (changed,) = [event for event in engine.run(again, Stop()) if isinstance(event, Picture)]
        assert (changed.width, changed.height) == (128, 128)
    finally:
        engine.unload()


def test_some_groups_are_taken_and_the_tokens_stay_those_that_were_learnt(folder: Path) -> None:
    main(["autoencoder", str(folder), "--crops", "16"])
    main(["latents", str(folder)])
    every = latents.read(folder / "latents.pt")
    vocabulary = folder / "tokenizer" / "vocab.json"
    learnt = vocabulary.stat().st_mtime_ns

    main(["latents", str(folder), "--groups", "food", "--styles", "3d"])

    assert (len(every.latents), len(latents.read(folder / "latents.pt").latents)) == (2 + len(STYLES), 2)
    assert vocabulary.stat().st_mtime_ns == learnt


def test_an_evaluation_compares_what_is_drawn_with_what_was_learnt(folder: Path, tmp_path: Path) -> None:
    listed = pictures.read_list(folder / "pictures")
    shown = latents.read_pictures(folder / "pictures", listed)

    class Copying:
        """Draws the first training picture, whatever is asked."""

        def __call__(self, prompt: str, **_: object) -> object:
            pixels = shown[0].permute(1, 2, 0).numpy()
            return type("Made", (), {"images": [Image.fromarray(pixels)]})()

    scores = evaluation.evaluate(Copying(), shown, listed, tmp_path, prompts=[("a", listed[0].name.en[0]), ("b", "x")])  # type: ignore[arg-type]

    assert (scores.nearest, scores.copied, scores.distance) == (0.5, 1.0, 0.0)
    assert 0 < scores.chance < 0.5
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == (8 * 128, 128)
    assert json.loads((tmp_path / "scores.json").read_text())["prompts"] == 2
    assert evaluation.without_style([("red apple, 3d", "apple"), ("kot", "kot")]) == [
        ("red apple", "apple"),
        ("kot", "kot"),
    ]


def test_a_pipeline_is_included_with_its_files_written_down(tmp_path: Path) -> None:
    before = {"id": "hearth-icons", "files": [{"path": "old.json"}], "size_bytes": 1, "title": "Icons"}
    others = ['{"models": [', '{"id": "other"},', json.dumps(before), "]}"]
    (tmp_path / "starters.json").write_text("\n".join(others) + "\n", encoding="utf-8")
    (tmp_path / "hearth-icons" / "vae").mkdir(parents=True)
    (tmp_path / "hearth-icons" / "vae" / "old.json").touch()
    (tmp_path / "hearth-icons" / "licences.txt").write_text("MIT")
    (tmp_path / "made" / "unet").mkdir(parents=True)
    (tmp_path / "made" / "unet" / "config.json").write_text("{}")

    assert inclusion.include(tmp_path / "made", tmp_path) == 5

    other, entry = json.loads((tmp_path / "starters.json").read_text(encoding="utf-8"))["models"]
    assert other == {"id": "other"}
    assert (entry["title"], entry["size_bytes"]) == ("Icons", 5)
    sizes = {file["path"]: file["size_bytes"] for file in entry["files"]}
    assert sizes == {"licences.txt": 3, "unet/config.json": 2}
    assert entry["files"][1]["sha256"] == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert not (tmp_path / "hearth-icons" / "vae").exists()
