"""Any image that is accepted becomes an upright sRGB picture of at most 1440 pixels a side, and nothing else."""

import random
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from lib.pictures.encoding import to_jpeg, to_webp
from lib.pictures.messages import MAX_SIDE
from lib.pictures.opening import NotAnImage, TooManyPixels
from lib.pictures.reading import read_picture
from tests.jobs import pictures
from tests.jobs.pictures import BLUE, GREEN, RED, WHITE, chunk, corners, encoded, near, quarters

UPRIGHT = [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_is_upright_however_the_camera_was_held(orientation: int, kind: str) -> None:
    """All eight orientations of EXIF, the mirrored ones too."""
    picture = read_picture(pictures.turned(orientation, kind))
    assert picture.size == (240, 160)
    assert near(corners(picture), UPRIGHT)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_reads_the_formats_that_people_send(kind: str) -> None:
    """By their content; nobody says here what they are."""
    assert near(corners(read_picture(encoded(quarters(), kind))), UPRIGHT, by=40)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_reads_every_mode_that_these_formats_have(mode: str) -> None:
    """Each ends as RGB, or RGBA where something is transparent."""
    image = quarters().convert("L").convert(mode) if mode == "I;16" else quarters().convert(mode)
    picture = read_picture(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert picture.mode == "RGB"
    assert picture.size == (240, 160)


def test_keeps_the_colours_of_a_cmyk_jpeg() -> None:
    """Printers' JPEGs are often stored inverted; one that is read wrongly is a negative."""
    assert near(corners(read_picture(encoded(quarters().convert("CMYK"), "JPEG", quality=95))), UPRIGHT, by=60)


def test_keeps_the_upper_bits_of_16() -> None:
    """Pillow's own conversion turns everything above 255 white."""
    picture = read_picture(pictures.png_16_bits([0, 16384, 32768, 49152, 65535]))
    assert [pictures.colour_at(picture, x, 0) for x in range(5)] == [(v, v, v) for v in (0, 64, 128, 192, 255)]


def test_shows_the_first_frame_of_an_animation() -> None:
    """A feed of moving pictures is another product."""
    frames = [Image.new("RGB", (60, 40), colour) for colour in (RED, GREEN, BLUE)]
    for kind in ("GIF", "WEBP", "PNG"):
        moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        assert near(corners(read_picture(moving)), [RED] * 4)


def test_keeps_what_is_transparent() -> None:
    """WebP can say so; JPEG gets a white ground."""
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 120, 80))
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        picture = read_picture(encoded(image, kind, **options))
        assert picture.mode == "RGBA"
        assert picture.getchannel("A").getpixel((10, 10)) == 0
        assert near(corners(Image.open(BytesIO(to_jpeg(picture)))), [WHITE, GREEN, BLUE, WHITE])


def test_keeps_the_one_transparent_colour_of_a_palette() -> None:
    """GIFs and small PNGs say it that way."""
    image = quarters().quantize(4)
    for kind in ("GIF", "PNG"):
        transparent = image.getpixel((10, 10))
        picture = read_picture(encoded(image, kind, transparency=transparent))
        assert picture.mode == "RGBA"
        assert picture.getchannel("A").getpixel((10, 10)) == 0
        assert picture.getchannel("A").getpixel((200, 10)) == 255


def swapped_profile() -> bytes:
    """A profile in which red and green are exchanged."""
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = int.from_bytes(swapped[128:132])
    entries = {bytes(swapped[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(tags)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    swapped[red + 4 : red + 12], swapped[green + 4 : green + 12] = (
        swapped[green + 4 : green + 12],
        swapped[red + 4 : red + 12],
    )
    return bytes(swapped)


def test_converts_the_colours_of_another_profile() -> None:
    """A profile is dropped like all metadata, so the pixels must mean the same without it."""
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(Image.new("RGB", (40, 40), (255, 0, 0)), kind, icc_profile=swapped_profile())
        assert near(corners(read_picture(data)), [(0, 255, 0)] * 4, by=12)


@pytest.mark.parametrize("profile", [b"no profile at all", b"\0" * 500, pictures.lab_profile()])
def test_goes_without_a_profile_that_is_broken_or_of_something_else(profile: bytes) -> None:
    """Other programs show such an image too."""
    assert near(corners(read_picture(encoded(quarters(), "PNG", icc_profile=profile))), UPRIGHT)


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2) + content


def packed(content: bytes, method: int = 0) -> bytes:
    """As PNG has its profiles and long texts: a name, the method, and the packed content."""
    return b"x\0" + bytes([method]) + zlib.compress(content)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(chunk(b"zTXt", packed(b"x" * 1_500_000)), id="text-of-1.5-mb"),
        pytest.param(chunk(b"zTXt", packed(b"x" * 900_000)) * 80, id="texts-of-72-mb"),
        pytest.param(chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(b"x" * 1_500_000)), id="international-text"),
        pytest.param(chunk(b"zTXt", packed(b"x", method=7)), id="text-packed-in-an-unknown-way"),
        pytest.param(chunk(b"tEXt", b"x\0y")[:-1] + b"!", id="text-with-a-wrong-check-sum"),
        pytest.param(chunk(b"pHYs", b"\0"), id="short-resolution"),
        pytest.param(chunk(b"gAMA", b""), id="short-gamma"),
        pytest.param(chunk(b"acTL", b""), id="short-animation"),
        pytest.param(chunk(b"iCCP", packed(b"no profile")), id="profile-that-is-none"),
        pytest.param(chunk(b"iCCP", packed(bytes(9_000_000))), id="profile-of-9-mb"),
        pytest.param(chunk(b"iCCP", packed(b"x", method=7)), id="profile-packed-in-an-unknown-way"),
        pytest.param(chunk(b"iCCP", packed(b"x" * 500)[:-6]), id="profile-cut-short"),
        pytest.param(chunk(b"iCCP", b"x"), id="profile-without-content"),
        pytest.param(chunk(b"eXIf", b"II*\0" + b"\xff" * 40), id="exif-that-is-none"),
    ],
)
def test_metadata_of_a_png_never_refuses_it(odd: bytes) -> None:
    """Whatever its form and size: none of it is stored, and other programs show the picture."""
    data = encoded(quarters(), "PNG")
    header = 8 + 25
    assert near(corners(read_picture(data[:header] + odd + data[header:])), UPRIGHT)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(segment(0xE0, b"JFIF\0"), id="short-jfif"),
        pytest.param(segment(0xE1, b"Exif\0\0"), id="short-exif"),
        pytest.param(segment(0xE1, b"Exif\0\0II*\0" + b"\xff" * 40), id="exif-that-is-none"),
        pytest.param(segment(0xE2, b"ICC_PROFILE\0"), id="short-profile"),
        pytest.param(segment(0xE2, b"ICC_PROFILE\0\1\1no profile"), id="profile-that-is-none"),
        pytest.param(segment(0xE2, b"ICC_PROFILE\0\1\7one of seven parts"), id="part-of-a-profile"),
        pytest.param(segment(0xE2, b"MPF\0II*\0" + b"\xff" * 40), id="further-pictures-that-are-none"),
        pytest.param(segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04"), id="short-photoshop"),
        pytest.param(segment(0xEE, b"Adobe"), id="short-adobe"),
        pytest.param(segment(0xFE, b"x" * 60_000) * 100, id="comments-of-6-mb"),
        pytest.param(b"\xff" * 100, id="padding"),
    ],
)
def test_metadata_of_a_jpeg_never_refuses_it(odd: bytes) -> None:
    """As of a PNG."""
    data = encoded(quarters(), "JPEG", quality=95)
    assert near(corners(read_picture(data[:2] + odd + data[2:])), UPRIGHT)


def test_a_profile_of_more_than_a_megabyte_is_used() -> None:
    """Printers' profiles have two or three."""
    swapped = swapped_profile()
    profile = len(swapped + bytes(1_500_000)).to_bytes(4) + swapped[4:] + bytes(1_500_000)
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(Image.new("RGB", (40, 40), (255, 0, 0)), kind, icc_profile=profile)
        assert near(corners(read_picture(data)), [(0, 255, 0)] * 4, by=12)


def test_keeps_no_metadata() -> None:
    """Where somebody lives is in the GPS data of a photograph taken at home."""
    data = encoded(
        quarters(),
        "JPEG",
        exif=pictures.exif(6, gps=True),
        comment=b"secret comment",
        xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>secret xmp</x:xmpmeta>",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    assert all(secret in data for secret in (b"Suplacam", b"secret comment", b"secret xmp"))
    picture = read_picture(data)
    for stored in (to_webp(picture), to_jpeg(picture)):
        assert not any(secret in stored for secret in (b"Suplacam", b"secret", b"Exif", b"ICC", b"xmp"))
        opened = Image.open(BytesIO(stored))
        assert not opened.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment"} & set(opened.info)


@pytest.mark.parametrize(
    ("size", "stored"),
    [
        ((3000, 2000), (1440, 960)),
        ((2000, 3000), (960, 1440)),
        ((1440, 1440), (1440, 1440)),
        ((100, 50), (100, 50)),
        ((1, 1), (1, 1)),
        ((20000, 3), (1440, 1)),
        ((3, 20000), (1, 1440)),
        ((5800, 5800), (1440, 1440)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_fits_into_1440_pixels_and_is_never_enlarged(size: tuple[int, int], stored: tuple[int, int], kind: str) -> None:
    """Whatever the shape: a line of one pixel stays one."""
    assert read_picture(encoded(Image.new("RGB", size, RED), kind)).size == stored
    assert max(stored) <= MAX_SIDE


def test_looks_the_same_when_it_is_averaged_in_strips_first() -> None:
    """What saves memory must not show: no seams between the strips."""
    ramp = Image.linear_gradient("L").resize((6100, 4100)).convert("RGB")
    picture = read_picture(encoded(ramp, "PNG", compress_level=1))
    wanted = ramp.resize(picture.size, Image.Resampling.LANCZOS)
    column = (700, 0, 701, picture.height)
    pairs = zip(picture.crop(column).tobytes(), wanted.crop(column).tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 2


# -- what is refused


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not an image"),
        (b"just text", "not an image"),
        (b"<!DOCTYPE html><html><body>not found</body></html>", "HTML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 100, "HEIC"),
        (encoded(quarters(), "BMP"), "not an image"),
        (encoded(quarters(), "TIFF"), "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not an image"),
        (b"GIF89a", "not an image"),
        (b"\xff\xd8\xff\xe0", "not an image"),
    ],
)
def test_refuses_what_is_no_image_of_these_formats(data: bytes, reason: str) -> None:
    """Fewer decoders are fewer holes; the reason says what it was, where that is easy to tell."""
    with pytest.raises(NotAnImage, match=reason):
        read_picture(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_refuses_an_image_that_is_cut_short(kind: str) -> None:
    """Half a picture is no picture."""
    data = encoded(pictures.noise(300, 300), kind)
    with pytest.raises(NotAnImage):
        read_picture(data[: len(data) // 2])


def test_refuses_a_picture_of_30000_by_30000_by_its_header() -> None:
    """Decoded, its few kilobytes would be gigabytes."""
    with pytest.raises(TooManyPixels, match="30000 x 30000"):
        read_picture(pictures.png(30_000, 30_000, 8, 2))


@pytest.mark.parametrize("size", [(16_666_666, 3), (3, 16_666_666), (1, 50_000_000), (65_536, 1)])
def test_refuses_a_side_that_no_photograph_has(size: tuple[int, int]) -> None:
    """No more pixels than are allowed, and a gigabyte to scale them."""
    with pytest.raises(TooManyPixels, match=r"a side may have 65,535"):
        read_picture(pictures.png(*size, 8, 2))


@pytest.mark.parametrize("size", [(65_535, 3), (1, 65_535)])
def test_takes_the_longest_side_that_a_jpeg_can_have(size: tuple[int, int]) -> None:
    """However narrow."""
    assert max(read_picture(encoded(Image.new("L", size), "PNG")).size) == MAX_SIDE


@pytest.mark.parametrize(("kind", "size"), [("WEBP", (5000, 4001)), ("GIF", (10_000, 5001)), ("JPEG", (10_000, 5001))])
def test_refuses_more_pixels_than_the_format_may_have(kind: str, size: tuple[int, int]) -> None:
    """Some decoders need more memory than others."""
    with pytest.raises(TooManyPixels):
        read_picture(encoded(Image.new("L", size), kind))


def test_refuses_a_gif_whose_frame_is_larger_than_its_canvas() -> None:
    """The header's size is what was checked; a frame may claim another one."""
    data = bytearray(encoded(Image.new("P", (10, 10)), "GIF"))
    frame = data.index(b"\x2c", 13)
    data[frame + 5 : frame + 9] = (60000).to_bytes(2, "little") * 2
    with pytest.raises((NotAnImage, TooManyPixels)):
        read_picture(bytes(data))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_broken_bytes_are_the_images_fault_whatever_the_decoder_raises(kind: str) -> None:
    """Else a job with a broken image would be tried again and again, with a stack trace for each."""
    random.seed(kind)
    good = encoded(quarters(60, 40), kind, **({} if kind == "GIF" else {"exif": pictures.exif(6, gps=True)}))
    for _ in range(300):
        data = bytearray(good)
        for _ in range(random.randint(1, 20)):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            read_picture(bytes(data))
        except (NotAnImage, TooManyPixels):
            continue
