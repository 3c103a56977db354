"""Image edits through the official client, on a real pipeline with random weights: all or what a mask leaves open."""

import base64
import io
import json
from collections.abc import Iterator

import openai
import pytest

from tests.serving import Server


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """The official client of a server that has a tiny pipeline."""
    pytest.importorskip("diffusers", reason="the light profile has no diffusers")
    from tests.engines.tiny_pipeline import make_tiny_pipeline

    data_dir = tmp_path_factory.mktemp("painter")
    folder = make_tiny_pipeline(data_dir / "models" / "diffusers" / "tiny")
    manifest = {
        "id": "tiny",
        "engine": "diffusers",
        "kind": "image",
        "title": "Tiny",
        "paths": ["."],
        "files": [],
        "size_bytes": 0,
        "memory_bytes": 0,
        "languages": [],
        "source_lang": None,
        "target_lang": None,
        "licence": "",
        "note": "",
        "options": {"num_inference_steps": 4},
    }
    (folder / "hearth.json").write_text(json.dumps(manifest))
    server = Server(data_dir, "--no-starters", "--api-only").start()
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=120) as client:
        yield client
    server.stop()


def picture(size: tuple[int, int], colour: object, mode: str = "RGB") -> bytes:
    """A PNG of one colour."""
    from PIL import Image

    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


def pixels(png: str) -> "object":
    """The picture as RGB."""
    from PIL import Image

    return Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")


@pytest.fixture
def edit(painter: openai.OpenAI) -> object:
    """Edit a picture and give the result."""

    def made(image: bytes, **options: object) -> object:
        extra = {"seed": 3, **options.pop("extra_body", {})}
        reply = painter.images.edit(
            image=("a.png", image), prompt="a red apple", response_format="b64_json", extra_body=extra, **options
        )
        return pixels(reply.data[0].b64_json)

    return made


def test_what_is_made_follows_the_picture_and_the_seed(edit) -> None:
    red, blue = picture((64, 48), "red"), picture((64, 48), "blue")

    from_red, again, from_blue = edit(red), edit(red), edit(blue)

    assert from_red.size == (64, 48)
    assert from_red.tobytes() == again.tobytes() != from_blue.tobytes()
    assert edit(red, size="72x64").size == (72, 64)
    assert edit(red, extra_body={"strength": 0.3}).tobytes() != from_red.tobytes()


def test_what_the_mask_covers_hardly_changes_with_the_picture_elsewhere(edit) -> None:
    from PIL import Image

    hole = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    hole.paste((0, 0, 0, 0), (0, 0, 32, 64))
    file = io.BytesIO()
    hole.save(file, "PNG")
    mask = ("mask.png", file.getvalue())

    image = picture((64, 64), "red")
    one, other = edit(image, mask=mask), edit(image, mask=mask, extra_body={"seed": 4})

    def changed(left: int, right: int) -> float:
        boxes = [made.crop((left, 0, right, 64)).tobytes() for made in (one, other)]
        return sum(abs(a - b) for a, b in zip(*boxes, strict=True)) / len(boxes[0])

    # Two seeds draw two things in the hole, and the same beside it.
    assert changed(0, 24) > 4 * changed(40, 64)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"mask": ("m.png", picture((32, 32), 0, "RGBA"))}, "Make them the same size"),
        ({"mask": ("m.png", picture((64, 64), "black"))}, "no transparent place"),
        ({"image": ("a.png", b"not a picture")}, "image is no PNG"),
        ({"image": ("a.png", b"\x89PNG\r\n\x1a\n cut off")}, "can't be read as a picture"),
        ({"quality": "high"}, "quality"),
        ({"input_fidelity": "high"}, "input_fidelity is not supported"),
        ({"extra_body": {"strength": 2}}, "strength is 2"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(
    painter: openai.OpenAI, options: dict[str, object], named: str
) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=named):
        painter.images.edit(**{"image": ("a.png", picture((64, 64), "red")), "prompt": "a red apple", **options})


def test_a_model_that_can_not_edit_says_so(client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="echo-image can't do image"):
        client.images.edit(model="echo-image", image=("a.png", picture((64, 64), "red")), prompt="a boat")


def test_a_streamed_edit_comes_with_the_forming_ones_before_it(painter: openai.OpenAI) -> None:
    events = list(
        painter.images.edit(
            image=("a.png", picture((64, 64), "red")),
            prompt="A boat",
            size="64x64",
            stream=True,
            partial_images=1,
            extra_body={"num_inference_steps": 200},  # a preview comes every 0.3 s, and this pipeline is tiny
        )
    )

    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    assert base64.b64decode(events[-1].b64_json).startswith(b"\x89PNG")
    two = painter.images.edit(image=("a.png", picture((64, 64), "red")), prompt="A boat", n=2, stream=True)
    assert [event.type for event in two] == ["image_edit.completed"] * 2
