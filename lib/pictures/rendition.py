"""The stored form of a picture: at most 1440 pixels a side, as WebP and JPEG, with a placeholder."""

from lib.pictures.encoding import to_blurhash, to_jpeg, to_webp
from lib.pictures.messages import Rendition
from lib.pictures.reading import read_picture


def render(data: bytes) -> Rendition:
    """Make the stored form of a picture.

    Raises:
        CannotRead: see read_picture.
    """
    picture = read_picture(data)
    return Rendition(picture.width, picture.height, to_blurhash(picture), webp=to_webp(picture), jpeg=to_jpeg(picture))
