"""A photograph, drawn: as a telephone makes one, lying on its side and with the place where it was taken."""

import math
from io import BytesIO

from PIL import ExifTags, Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 3000, 4000
# Held upright, a telephone stores the picture lying, and says "turn it clockwise" (EXIF's Orientation).
TURN_CLOCKWISE = 6


def take_photograph() -> bytes:
    """A JPEG of a lake at sunset, 3,000 by 4,000 pixels once it is turned."""
    file = BytesIO()
    _lake().transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", quality=90, exif=_exif())
    return file.getvalue()


def _lake() -> Image.Image:
    """Sky above, water below; drawn small and blurred, so that it is soft like a picture of the real world."""
    width, height = WIDTH // 4, HEIGHT // 4
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    horizon = height * 6 // 10
    for y in range(height):
        share = y / horizon if y < horizon else 1 - (y - horizon) / (height - horizon) * 0.7
        draw.line((0, y, width, y), (int(40 + 215 * share), int(70 + 90 * share), int(150 - 60 * share)))
    draw.ellipse((width // 2 - 60, horizon - 170, width // 2 + 60, horizon - 50), (255, 240, 190))
    for layer, shade in ((0.16, 70), (0.10, 45)):
        ridge = [(x, horizon - height * layer * (0.5 + 0.5 * math.sin(x / 47 + layer * 90))) for x in range(width + 1)]
        draw.polygon([(0, horizon), *ridge, (width, horizon)], (shade, shade, shade + 30))
    for y in range(horizon + 8, height, 9):
        reach = 60 + (y - horizon) // 3
        draw.line((width // 2 - reach, y, width // 2 + reach, y), (255, 214, 150), 2)
    return image.filter(ImageFilter.GaussianBlur(1.2)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = TURN_CLOCKWISE
    exif[ExifTags.Base.Make] = "Suplacam"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (4.0, 39.0, 51.8)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "W", (74.0, 3.0, 14.4)
    return exif
