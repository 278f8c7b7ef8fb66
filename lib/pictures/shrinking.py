"""Making an image small with little memory.

Pillow scales an image with transparency by way of a second one of the same size: for 50 million pixels, 200 MB more.
So a large image is averaged down in strips first, and what comes out is scaled properly. By the limit of a side in
lib.pictures.opening, one with too few rows or columns to be averaged has few pixels altogether.
"""

from PIL import Image

# The averaged image is at least this many times as wide and high as the wanted one, so that averaging is not seen.
GAP = 1.5
# The same for what the JPEG decoder scales itself, which it does well: a usual photograph of 4000 by 3000 pixels is
# decoded at a half, in half the time.
JPEG_GAP = 1.25
STRIP_PIXELS = 2_000_000
# Modes that survive until the colours are converted; every other one becomes one of them.
_KEPT = ("RGB", "RGBA", "L", "LA", "CMYK")


def fitting(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same shape that lies in the box. Never larger than `size`; each side at least 1."""
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrink(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Decode and scale to `size`, in one of the modes RGB, RGBA, L, LA and CMYK."""
    # A JPEG is decoded at a half, a quarter or an eighth, if that is still large enough.
    image.draft(None, (round(JPEG_GAP * size[0]), round(JPEG_GAP * size[1])))
    image.load()
    factor = int(min(image.width / (GAP * size[0]), image.height / (GAP * size[1])))
    small = _average(image, factor) if factor > 1 else _plain(image)
    return small if small.size == size else small.resize(size, Image.Resampling.LANCZOS)


def _average(image: Image.Image, factor: int) -> Image.Image:
    """Average squares of `factor` pixels, strip by strip."""
    height = factor * max(1, STRIP_PIXELS // (image.width * factor))
    rows = -(-image.height // factor)
    averaged: Image.Image | None = None
    for top in range(0, image.height, height):
        strip = _plain(image.crop((0, top, image.width, min(top + height, image.height)))).reduce(factor)
        if averaged is None:
            averaged = Image.new(strip.mode, (strip.width, rows))
        averaged.paste(strip, (0, top // factor))
    assert averaged is not None, "an image has at least one row"  # noqa: S101
    return averaged


def _plain(image: Image.Image) -> Image.Image:
    """The same pixels in a mode that can be scaled; one transparent colour becomes real transparency."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _eight_bits(image)
    if image.has_transparency_data and image.mode not in ("RGBA", "LA"):
        return image.convert("RGBA")
    if image.mode in _KEPT:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """The upper eight of 16 bits of grey. (Pillow's own conversion cuts every value above 255 off.)"""
    return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
