"""Styles of a picture: what each adds to the prompt, and to what should not be seen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """A preset; ``{prompt}`` is where the person's words go, in the models' language."""

    key: str
    prompt: str
    negative: str = ""


STYLES: tuple[Style, ...] = (
    Style("photo", "photograph of {prompt}, natural light, sharp focus, high detail", "drawing, painting, blurry"),
    Style("film", "still from a film, {prompt}, shallow depth of field, film grain", "drawing, cartoon"),
    Style("watercolour", "watercolour painting of {prompt}, soft edges, paper texture", "photograph, 3d render"),
    Style("oil", "oil painting of {prompt}, visible brush strokes, rich colour", "photograph, 3d render"),
    Style("pencil", "pencil drawing of {prompt}, fine hatching, white paper", "colour, photograph"),
    Style("comic", "comic book panel of {prompt}, bold outlines, flat colours", "photograph, blurry"),
    Style("pixel", "pixel art of {prompt}, 16-bit, limited palette", "photograph, smooth, blurry"),
    Style("icon_3d", "{prompt}, 3d", ""),
    Style("icon_flat", "{prompt}, flat", ""),
)
BY_KEY = {style.key: style for style in STYLES}


def styled(prompt: str, negative: str, key: str | None, *, guided: bool = True) -> tuple[str, str]:
    """Return a prompt and a negative prompt with a style's words.

    Args:
        key: Of the style; None, or one that is not known: as they are.
        guided: Whether the model reads a negative prompt at all; else the style adds none.
    """
    style = BY_KEY.get(key or "")
    if style is None:
        return prompt, negative
    unwanted = ", ".join(part for part in (negative, style.negative if guided else "") if part)
    return style.prompt.replace("{prompt}", prompt.strip()), unwanted
