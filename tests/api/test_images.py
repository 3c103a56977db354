"""Images through the official client: as addresses, as base64, streamed, and made again from their seed."""

import base64
import io
import zipfile

import httpx
import openai
import PIL.Image
import pytest

PNG = b"\x89PNG\r\n\x1a\n"


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    assert png.startswith(PNG)
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def test_an_address_leads_to_the_picture_in_the_size_asked_for(client: openai.OpenAI) -> None:
    made = client.images.generate(model="dall-e-3", prompt="A red boat", size="128x64", n=2)

    assert len(made.data) == 2
    assert [size_of(httpx.get(picture.url, timeout=60).content) for picture in made.data] == [(128, 64)] * 2


def test_the_same_seed_gives_the_same_picture_as_base64(client: openai.OpenAI) -> None:
    def draw(seed: int) -> bytes:
        made = client.images.generate(
            model="echo-image", prompt="A boat", size="64x64", response_format="b64_json", extra_body={"seed": seed}
        )
        return base64.b64decode(made.data[0].b64_json)

    assert draw(7) == draw(7) != draw(8)


def test_a_client_of_the_newer_models_gets_base64_unasked(client: openai.OpenAI) -> None:
    made = client.images.generate(model="gpt-image-1", prompt="A boat", size="64x64")

    assert size_of(base64.b64decode(made.data[0].b64_json)) == (64, 64)
    assert made.data[0].url is None


def test_a_streamed_picture_comes_with_the_forming_ones_before_it(client: openai.OpenAI) -> None:
    events = list(client.images.generate(prompt="A boat", size="128x128", stream=True, partial_images=2))

    assert [event.type for event in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    pictures = [base64.b64decode(event.b64_json) for event in events]
    assert len(set(pictures)) == 3
    assert size_of(pictures[-1]) == (128, 128)


def test_each_picture_of_a_stream_comes_as_soon_as_it_is_done(client: openai.OpenAI) -> None:
    asked = {"prompt": "A boat", "size": "64x64", "extra_body": {"seed": 8}}
    events = list(client.images.generate(**asked, n=3, stream=True, partial_images=1))

    kinds = [event.type.removeprefix("image_generation.") for event in events]
    assert kinds == ["partial_image", "completed"] * 3
    assert [event.seed for event in events[1::2]] == [8, 9, 10]
    assert {event.partial_image_index for event in events[::2]} == {0}
    alone = client.images.generate(**{**asked, "extra_body": {"seed": 9}}, response_format="b64_json")
    streamed, drawn_alone = (
        PIL.Image.open(io.BytesIO(base64.b64decode(data))).tobytes()
        for data in (events[3].b64_json, alone.data[0].b64_json)
    )
    assert streamed == drawn_alone


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"size": "100x100"}, "width is 100"),
        ({"size": "4096x4096"}, "4096"),
        ({"size": "huge"}, "size is 'huge'"),
        ({"n": 99}, "99"),
        ({"quality": "ultra"}, "quality"),
        ({"style": "vivid"}, "style is not supported"),
        ({"prompt": " "}, "prompt is empty"),
        ({"extra_body": {"seed": 10**400}}, "it must be from 0 to 4294967295"),
        ({"n": 0}, "num_images is 0"),
    ],
)
def test_what_can_not_be_done_is_refused_by_name(client: openai.OpenAI, options: dict[str, object], named: str) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=named):
        client.images.generate(**{"prompt": "A boat", **options})


def test_without_its_model_the_refusal_says_what_to_do(real_client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match=r"SD-Turbo is not on this machine yet .* Open Models"):
        real_client.images.generate(prompt="A boat", model="hf:stabilityai/sd-turbo")


def test_the_starter_draws_the_same_icon_for_the_same_seed_and_one_size_alone(real_client: openai.OpenAI) -> None:
    pytest.importorskip("diffusers", reason="the light profile has no diffusers")
    asked = {"prompt": "red apple", "model": "hearth-icons", "response_format": "b64_json", "extra_body": {"seed": 1}}
    made = [real_client.images.generate(**asked).data[0].b64_json for _ in range(2)]
    assert made[0] == made[1]
    with PIL.Image.open(io.BytesIO(base64.b64decode(made[0]))) as picture:
        assert picture.size == (128, 128)
        # A red thing on white, by its pixels: a model that learnt nothing draws grey, or noise.
        flat = picture.convert("RGB").tobytes()
    pixels = list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
    red = sum(r > 140 and g < 100 and b < 100 for r, g, b in pixels)
    white = sum(min(pixel) > 235 for pixel in pixels)
    assert red > 1_000 and white > 3_000
    with pytest.raises(openai.UnprocessableEntityError, match="width is 256; Starter: icons draws nothing but 128 px"):
        real_client.images.generate(**asked, size="256x256")


def test_pictures_are_found_starred_packed_and_deleted(client: openai.OpenAI, http: httpx.Client) -> None:
    made = client.images.generate(prompt="A quokka in a boat", size="64x64", n=2, extra_body={"seed": 3}, quality="hd")
    ids = [picture.url.rsplit("/", 1)[1] for picture in made.data]

    found = http.get("/images", params={"q": "quokka", "limit": 1}).json()
    assert [row["id"] for row in found["data"]] == [ids[1]]
    assert found["data"][0]["prompt"] == "A quokka in a boat"
    assert found["data"][0]["parameters"]["quality"] == "hd"
    rest = http.get("/images", params={"q": "quokka", "cursor": found["next"]}).json()
    assert [row["id"] for row in rest["data"]] == [ids[0]] and rest["next"] is None
    assert http.patch(f"/images/{ids[0]}", json={"starred": True}).json()["starred"] is True
    assert [row["id"] for row in http.get("/images", params={"starred": True}).json()["data"]] == [ids[0]]
    packed = http.get("/images/zip", params={"id": ids})
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert len(archive.namelist()) == 2
    assert http.post("/images/delete", json={"ids": ids}).json() == {"deleted": 2}
    assert http.get(f"/images/{ids[0]}").status_code == http.get(f"/files/{ids[0]}").status_code == 404
    assert http.get("/images/queue").json() == {"data": []}
    assert http.post(f"/images/queue/{ids[0]}/retry").status_code == 404


def test_a_picture_is_enlarged(http: httpx.Client) -> None:
    file = io.BytesIO()
    PIL.Image.new("RGB", (40, 24), "teal").save(file, "PNG")
    image = {"image": ("a.png", file.getvalue())}

    made = http.post("/images/enlarge", files=image, data={"scale": "3", "prompt": "A small pond"}).json()
    assert (made["width"], made["height"], made["prompt"]) == (120, 72, "A small pond")
    assert made["seed"] is None
    assert size_of(http.get(f"/files/{made['id']}").content) == (120, 72)
    later = http.post("/images/enlarge", files=image, headers={"Prefer": "respond-async"})
    assert later.status_code == 202 and later.headers["Location"].startswith("/jobs/")
    for odd, told in (({"scale": "9"}, "scale is 9"), ({"model": "echo-image"}, "can't"), ({"sharp": "1"}, "sharp")):
        refused = http.post("/images/enlarge", files=image, data=odd)
        assert refused.status_code == 422 and told in refused.text
    assert http.post("/images/enlarge", files={"image": ("a.png", b"no picture")}).status_code == 422
