"""Thumbnails: squares cut from the middle, or the whole picture in a box. Never enlarged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from PIL import Image, ImageOps

from lib.images.encoding import to_webp
from lib.images.picture import read_picture
from lib.images.shrinking import fitting


@dataclass(frozen=True, slots=True)
class Fitted:
    """A box that the whole picture fits into; a side that is None does not limit."""

    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A WebP file, and its pixels: fewer than asked for when the picture has fewer."""

    width: int
    height: int
    webp: bytes


def make_thumbnails(data: bytes, sizes: Sequence[int | Fitted]) -> list[Thumbnail]:
    """Make one for each size, in their order: a number is a square of that side. CPU work: run it in the image thread.

    Raises:
        NotAnImage, TooManyPixels: see read_picture.
    """
    picture = read_picture(data)
    return [_encoded(_cut(picture, size)) for size in sizes]


def _cut(picture: Image.Image, size: int | Fitted) -> Image.Image:
    match size:
        case int():
            side = min(size, *picture.size)
            return ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
        case Fitted(width, height):
            box = (width or picture.width, height or picture.height)
            return picture.resize(fitting(picture.size, box), Image.Resampling.LANCZOS)
        case _:
            assert_never(size)


def _encoded(picture: Image.Image) -> Thumbnail:
    return Thumbnail(picture.width, picture.height, to_webp(picture))
