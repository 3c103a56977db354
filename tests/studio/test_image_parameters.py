"""What a PNG says of how it was made: written for other tools and ourselves, read from both, no bomb unpacked."""

import io
import struct
import zlib

import pytest
from PIL import Image

from contract.errors import InvalidRequest
from contract.events import Picture
from contract.image_requests import ImageRequest, UpscaleRequest
from studio import image_parameters
from studio.image_parameters import ImageParameters, as_text, of_text, read, written

MADE = ImageParameters(
    prompt="a red boat,\nat sea",
    negative_prompt="people: many",
    model="stabilityai/sd-turbo",
    width=512,
    height=256,
    num_inference_steps=4,
    guidance_scale=1.5,
    scheduler="dpm++_2m_karras",
    seed=7,
)
# As AUTOMATIC1111's web UI writes it.
FOREIGN = """a lighthouse, (storm:1.2)
Negative prompt: blurry, low quality
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 1234567890, Size: 768x512, \
Model hash: abc, Model: "my, model", Version: v1.9"""


def png(**texts: str) -> bytes:
    """A picture of four pixels, with texts as Pillow writes them."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    file = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(file, "PNG", pnginfo=info)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("prompt", ["a red boat", "czerwona łódź\nna morzu"])
def test_what_is_written_is_read_back_and_pillow_reads_it_too(prompt: str) -> None:
    made = ImageParameters(prompt=prompt, seed=7, width=64, height=64, num_inference_steps=2, model="tiny")
    data = written(png(), made, "DDIM")

    assert read(io.BytesIO(data)) == made
    opened = Image.open(io.BytesIO(data))
    opened.load()  # every checksum holds
    assert opened.info["parameters"].startswith(f"{prompt}\nSteps: 2, Sampler: DDIM, Seed: 7, Size: 64x64, Model: tiny")


def test_the_text_that_other_tools_read_says_all_of_it() -> None:
    assert of_text(as_text(MADE)) == MADE


def test_the_settings_of_another_tool_are_read() -> None:
    made = read(io.BytesIO(png(parameters=FOREIGN)))

    assert made == ImageParameters(
        prompt="a lighthouse, (storm:1.2)",
        negative_prompt="blurry, low quality",
        model="my, model",
        width=768,
        height=512,
        num_inference_steps=28,
        guidance_scale=6.5,
        scheduler="dpm++_2m_karras",
        seed=1234567890,
    )


def test_a_text_without_settings_is_a_prompt() -> None:
    assert of_text("a boat, a sea") == ImageParameters(prompt="a boat, a sea")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"not a picture", "no PNG"),
        (png(), "does not say how it was made"),
        (png()[:40], "cut off"),
        (png(hearth="[1, 2]"), "can't be read"),
        (png(hearth="{" * 5_000), "can't be read"),
        (png(parameters="x" * 300_000), "300,0"),
        (png()[:33] + chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(10**8))) + png()[33:], "unpacks to more"),
        (png()[:33] + chunk(b"zTXt", b"parameters\0\0not packed") + png()[33:], "can't be unpacked"),
    ],
)
def test_what_says_nothing_or_too_much_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        read(io.BytesIO(data))


def test_fields_of_the_wrong_form_are_left_out() -> None:
    made = read(io.BytesIO(png(hearth='{"prompt": 5, "seed": "7", "width": true, "height": 64, "other": 1}')))
    assert made == ImageParameters(height=64)


def test_an_enlarged_picture_says_what_it_was_enlarged_from() -> None:
    source = written(png(), MADE)
    picture = Picture(png(), 4, 4, 0)

    kept = image_parameters.kept_in(picture, UpscaleRequest(image=source), "")

    assert read(io.BytesIO(kept)) == MADE
    drawn = image_parameters.kept_in(picture, ImageRequest(prompt="a boat"), "tiny")
    assert read(io.BytesIO(drawn)) == ImageParameters(prompt="a boat", model="tiny", width=4, height=4, seed=0)
