"""From bytes to a picture: upright, in sRGB, no larger than asked for, and nothing but pixels."""

from PIL import Image

from lib.pictures.colours import to_srgb
from lib.pictures.messages import MAX_SIDE
from lib.pictures.opening import BROKEN, UPRIGHT, NotAnImage, open_image, orientation_of
from lib.pictures.shrinking import fitting, shrink


def read_picture(data: bytes) -> Image.Image:
    """Decode an image, the first frame of an animated one, and scale it to at most MAX_SIDE pixels a side.

    The result has the mode RGB or RGBA and no metadata: no EXIF (with its GPS), XMP, comments or profile.

    Raises:
        NotAnImage: it is not an image, or is broken or cut short.
        TooManyPixels: it is too large to decode.
    """
    image = open_image(data)
    orientation = orientation_of(image)
    icc_profile = image.info.get("icc_profile")
    try:
        small = shrink(image, fitting(image.size, (MAX_SIDE, MAX_SIDE)))
    except BROKEN as error:
        raise NotAnImage(f"a broken {image.format} image: {error}") from None
    del image  # its pixels may be 200 MB
    picture = to_srgb(small, icc_profile)
    if orientation in UPRIGHT:
        picture = picture.transpose(UPRIGHT[orientation])
    picture.info = {}
    return picture
