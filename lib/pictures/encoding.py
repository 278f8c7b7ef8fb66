"""Pictures as files: WebP and JPEG, and the few characters that stand in while they load."""

from io import BytesIO

import blurhash
from PIL import Image

from lib.pictures.shrinking import fitting

WEBP_QUALITY = 80
JPEG_QUALITY = 84
# What shows through where a picture is transparent, in formats that cannot say so.
BACKGROUND = (255, 255, 255)
BLURHASH_SIDE = 32


def to_webp(picture: Image.Image) -> bytes:
    """Encode as WebP, with transparency if there is any."""
    file = BytesIO()
    # Method 2 takes half as long as the usual 4, for files that are a few hundredths larger.
    picture.save(file, "WEBP", quality=WEBP_QUALITY, method=2)
    return file.getvalue()


def to_jpeg(picture: Image.Image) -> bytes:
    """Encode as a progressive JPEG, on white."""
    file = BytesIO()
    opaque(picture).save(file, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
    return file.getvalue()


def opaque(picture: Image.Image) -> Image.Image:
    """The picture in mode RGB, on white."""
    if picture.mode == "RGB":
        return picture
    ground = Image.new("RGB", picture.size, BACKGROUND)
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def to_blurhash(picture: Image.Image) -> str:
    """Encode as BlurHash (github.com/woltapp/blurhash): 28 characters, decoded by the frontend to a blurred picture."""
    width, height = fitting(picture.size, (BLURHASH_SIDE, BLURHASH_SIDE))
    pixels = opaque(picture).resize((width, height), Image.Resampling.BOX).tobytes()
    rows = [
        [list(pixels[3 * at : 3 * at + 3]) for at in range(row * width, (row + 1) * width)] for row in range(height)
    ]
    return str(blurhash.encode(rows, components_x=4, components_y=3))
