"""The stored form of an image: at most 1440 pixels a side, as WebP and JPEG, with a placeholder."""

from dataclasses import dataclass

from lib.images.encoding import to_blurhash, to_jpeg, to_webp
from lib.images.picture import read_picture


@dataclass(frozen=True, slots=True)
class Rendition:
    """Pixels of the stored form, its placeholder and its two files."""

    width: int
    height: int
    blurhash: str
    webp: bytes
    jpeg: bytes


def render(data: bytes) -> Rendition:
    """Make the stored form of an image. CPU work of up to seconds: run it in the image thread.

    Raises:
        NotAnImage, TooManyPixels: see read_picture.
    """
    picture = read_picture(data)
    return Rendition(picture.width, picture.height, to_blurhash(picture), webp=to_webp(picture), jpeg=to_jpeg(picture))
