"""From bytes of a stranger to an opened image: what it is, how large it claims to be, which way is up.

What an image is, its content says: neither its name nor its Content-Type counts. Sizes are checked in the header,
before any pixel is decoded.
"""

import struct
from io import BytesIO

from PIL import (
    AvifImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from lib.pictures.metadata import MAX_PROFILE_BYTES, without_metadata

# Pixels that are decoded at most. JPEG, PNG and GIF cost up to 4 bytes for each, a progressive JPEG 2 for each of its
# channels; the decoders of WebP and AVIF hold the picture three times over. With these limits none of them fills more
# than half a gigabyte (measured by tests/jobs/test_image_memory.py).
MAX_PIXELS = {"JPEG": 50_000_000, "PNG": 50_000_000, "GIF": 50_000_000, "WEBP": 20_000_000, "AVIF": 20_000_000}
MAX_PIXELS_CMYK = 25_000_000
# What a JPEG, a GIF and an AVIF can have; a PNG may claim two billion in one row. A picture of so few rows cannot be
# averaged before it is scaled (see lib.pictures.shrinking), and scaling millions of columns at once takes a gigabyte.
MAX_PIXELS_A_SIDE = 65_535
FORMATS = tuple(MAX_PIXELS)
SUPPORTED = "JPEG, PNG, WebP, GIF and AVIF are"

# Registered by being imported, once, rather than by Pillow's search at the first image.
PLUGINS = (
    AvifImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

# The limits are ours: Pillow's own one warns at half of it, and knows one number for all formats.
Image.MAX_IMAGE_PIXELS = None
# For colour profiles: texts are removed before.
PngImagePlugin.MAX_TEXT_CHUNK = MAX_PROFILE_BYTES

# What Pillow's decoders raise for broken bytes. MemoryError is not among them: it is reported for itself.
BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    Image.DecompressionBombError,
)

# EXIF's Orientation (1 to 8): what makes the picture upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class CannotRead(Exception):
    """No picture comes of these bytes, ever."""


class NotAnImage(CannotRead):
    """The bytes are no picture that is supported, or a broken one."""


class TooManyPixels(CannotRead):
    """The header claims more pixels than are decoded, or a longer side."""


def open_image(data: bytes) -> Image.Image:
    """Open an image without decoding it.

    Raises:
        NotAnImage: its content is not an image, or not of a supported format.
        TooManyPixels: by its header it is too large.
    """
    try:
        image = Image.open(BytesIO(without_metadata(data)), formats=FORMATS)
    except BROKEN:
        raise NotAnImage(f"not an image: {_what_it_is(data)}{SUPPORTED} supported") from None
    if max(image.size) > MAX_PIXELS_A_SIDE:
        raise TooManyPixels(
            f"the image has {image.width} x {image.height} pixels; a side may have {MAX_PIXELS_A_SIDE:,}"
        )
    limit = _max_pixels(image)
    if image.width * image.height > limit:
        raise TooManyPixels(
            f"the image has {image.width} x {image.height} pixels; {image.format} may have {limit // 1_000_000} million"
        )
    return image


def _max_pixels(image: Image.Image) -> int:
    if image.mode == "CMYK":
        return MAX_PIXELS_CMYK
    return MAX_PIXELS[str(image.format)]


def orientation_of(image: Image.Image) -> int:
    """EXIF's Orientation, 1 (upright) when there is none or it makes no sense."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except BROKEN:
        return 1
    return orientation if orientation in UPRIGHT else 1


def _what_it_is(data: bytes) -> str:
    """Name what people send most often instead."""
    head = data[:512].lstrip().lower()
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return "HEIC; "
    if head.startswith((b"<!doctype", b"<html")):
        return "HTML; "
    if head.startswith((b"<svg", b"<?xml")):
        return "SVG or XML; "
    return ""
