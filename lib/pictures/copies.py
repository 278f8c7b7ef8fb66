"""Smaller copies: squares cut from the middle, or the whole picture in a box. Never enlarged."""

from collections.abc import Sequence
from typing import assert_never

from PIL import Image, ImageOps

from lib.pictures.encoding import to_webp
from lib.pictures.messages import Box, Copy
from lib.pictures.reading import read_picture
from lib.pictures.shrinking import fitting


def make_copies(data: bytes, sizes: Sequence[int | Box]) -> list[Copy]:
    """Make one for each size, in their order: a number is a square of that side.

    Raises:
        CannotRead: see read_picture.
    """
    picture = read_picture(data)
    return [_encoded(_cut(picture, size)) for size in sizes]


def _cut(picture: Image.Image, size: int | Box) -> Image.Image:
    match size:
        case int():
            side = min(size, *picture.size)
            return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
        case Box(width, height):
            box = (width or picture.width, height or picture.height)
            return picture.resize(fitting(picture.size, box), Image.Resampling.LANCZOS)
        case _:
            assert_never(size)


def _encoded(picture: Image.Image) -> Copy:
    return Copy(picture.width, picture.height, to_webp(picture))
