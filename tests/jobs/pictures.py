"""Pictures, drawn: what people send, and what they should not."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image, ImageCms, ImageDraw

# EXIF's Orientation: how the stored pixels come from the upright picture.
STORED_AS = {
    1: (),
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_90,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_270,),
}
RED, GREEN, BLUE, WHITE = (230, 30, 30), (30, 180, 30), (30, 30, 230), (255, 255, 255)


def quarters(width: int = 240, height: int = 160) -> Image.Image:
    """A picture that shows when it is turned: red, green above blue, white."""
    image = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), RED)
    draw.rectangle((width // 2, 0, width - 1, height // 2 - 1), GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height - 1), BLUE)
    return image


type Colour = tuple[int, int, int]


def colour_at(image: Image.Image, x: int, y: int) -> Colour:
    """The colour of one pixel, on black."""
    red, green, blue = image.convert("RGB").crop((x, y, x + 1, y + 1)).tobytes()
    return red, green, blue


def corners(image: Image.Image) -> list[Colour]:
    """The colours in the middle of each quarter: left and right above, left and right below."""
    return [colour_at(image, image.width * x // 4, image.height * y // 4) for y in (1, 3) for x in (1, 3)]


def near(colours: list[Colour], wanted: list[Colour], by: int = 30) -> bool:
    """Whether they look the same: encoders change colours a little."""
    pairs = [pair for one, other in zip(colours, wanted, strict=True) for pair in zip(one, other, strict=True)]
    return all(abs(one - other) <= by for one, other in pairs)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The file's bytes."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def exif(orientation: int = 1, *, gps: bool = False) -> Image.Exif:
    """What a camera writes: how it was held, its name, and where it was."""
    found = Image.Exif()
    found[ExifTags.Base.Orientation] = orientation
    found[ExifTags.Base.Make] = "Suplacam"
    if gps:
        place = found.get_ifd(ExifTags.IFD.GPSInfo)
        place[ExifTags.GPS.GPSLatitudeRef] = "N"
        place[ExifTags.GPS.GPSLatitude] = (4.0, 39.0, 51.8)
        place[ExifTags.GPS.GPSLongitudeRef] = "W"
        place[ExifTags.GPS.GPSLongitude] = (74.0, 3.0, 14.4)
    return found


def turned(orientation: int, kind: str = "JPEG") -> bytes:
    """The quarters as a camera stores them when it is held that way."""
    image = quarters()
    for step in STORED_AS[orientation]:
        image = image.transpose(step)
    return encoded(image, kind, exif=exif(orientation))


def noise(width: int, height: int) -> Image.Image:
    """A picture that does not compress."""
    return Image.effect_noise((width, height), 100).convert("RGB")


def lab_profile() -> bytes:
    """A valid colour profile, of a kind that no RGB image has."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, bits: int, colour: int, rows: bytes = b"", *, chunks: bytes = b"") -> bytes:
    """A PNG made by hand: its header says what it likes, its rows and further chunks are what is given."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_16_bits(values: list[int]) -> bytes:
    """A grey PNG of 16 bits, one row of these values, 8 times."""
    row = b"\0" + b"".join(struct.pack(">H", value) for value in values)
    return png(len(values), 8, 16, 0, row * 8)
