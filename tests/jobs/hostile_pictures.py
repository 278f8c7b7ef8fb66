"""Pictures that are made to cost much: small files that keep a decoder busy, fill the memory, or print megabytes."""

import struct
import zlib
from io import BytesIO

from PIL import Image

from tests.jobs.pictures import chunk, encoded, png

GREY_ROWS = (b"\0" + b"\x80" * 12) * 4


def small_png(*chunks: bytes) -> bytes:
    """A good PNG of 4 by 4 pixels, with these chunks in it."""
    return png(4, 4, 8, 2, GREY_ROWS, chunks=b"".join(chunks))


def profile_of_many_stages(stages: int) -> bytes:
    """A valid colour profile, in which `mpet` has so many stages. All of them are one matrix, so it packs well."""
    identity = struct.pack(">9f", 1, 0, 0, 0, 1, 0, 0, 0, 1) + struct.pack(">3f", 0, 0, 0)
    matrix = b"matf" + bytes(4) + struct.pack(">HH", 3, 3) + identity
    head = b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, stages)
    tag = head + struct.pack(">II", len(head) + 8 * stages, len(matrix)) * stages + matrix
    description = b"desc" + bytes(4) + struct.pack(">I", 2) + b"x\0" + bytes(82)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    at = 128 + 4 + 12 * 4
    table = struct.pack(">I", 4)
    for name, start, length in (
        (b"desc", at, len(description)),
        (b"wtpt", at + len(description), len(white)),
        (b"D2B0", at + len(description) + len(white), len(tag)),
        (b"A2B0", at + len(description) + len(white), len(tag)),
    ):
        table += name + struct.pack(">II", start, length)
    body = table + description + white + tag
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"lcms", 0x04300000, b"mntr", b"RGB ", b"XYZ ") + bytes(12)
    return head + b"acsp" + bytes(28) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D) + bytes(48) + body


def with_profile(profile: bytes) -> bytes:
    """A PNG with a colour profile."""
    return small_png(chunk(b"iCCP", b"x\0\0" + zlib.compress(profile, 9)))


def many_stages() -> bytes:
    """1.5 KB that take minutes."""
    return with_profile(profile_of_many_stages(100_000))


def many_scans(scans: int = 100_000) -> bytes:
    """A progressive JPEG that is refined again and again, each time over all its pixels."""
    data = encoded(Image.new("L", (2000, 2000), 128), "JPEG", progressive=True)
    refinement = b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, 0, 0, 0x10])
    return data[:-2] + (refinement + bytes(66)) * scans + b"\xff\xd9"


def many_markers(markers: int = 2_400_000) -> bytes:
    """A JPEG with millions of segments that are empty."""
    data = encoded(Image.new("RGB", (8, 8)), "JPEG")
    return data[:2] + b"\xff\xe1\x00\x02" * markers + data[2:]


def many_chunks(chunks: int = 820_000) -> bytes:
    """A PNG with nearly a million chunks that are empty."""
    return small_png(chunk(b"teSt", b"") * chunks)


def long_text(characters: int = 1_500_000) -> bytes:
    """A PNG with a text that unpacks to more than Pillow reads."""
    return small_png(chunk(b"zTXt", b"w\0\0" + zlib.compress(b"x" * characters)))


def broken_directory(entries: int = 65_535) -> bytes:
    """A JPEG whose EXIF has thousands of entries, each of which makes Pillow warn."""
    one = struct.pack("<HHII", 0x8769, 4, 1, 8)  # a directory that is this one
    bad = b"".join(struct.pack("<HHII", 1 + number % 65_000, 5, 2, 0xFFFFFF0) for number in range(entries))
    directory = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", min(entries, 5_000)) + (bad + one)[: 12 * 5_000]
    return encoded(Image.new("RGB", (40, 40)), "PNG", exif=directory)


def many_frames(frames: int = 300_000) -> bytes:
    """A GIF whose first frame is followed by as many as fit into 10 MB, of one pixel each."""
    data = encoded(Image.new("P", (40, 30)), "GIF")
    frame = b"\x2c" + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return data[:-1] + b"\x21\xf9\x04\0\x01\0\0\0".join([b"", *[frame] * frames]) + b"\x3b"


def many_restarts() -> bytes:
    """A JPEG of 2.5 million pixels in which the decoder starts anew at every block."""
    return encoded(Image.effect_noise((2000, 1250), 90), "JPEG", quality=30, restart_marker_blocks=1)


def ordinary() -> bytes:
    """A photograph of 12 million pixels, as a telephone makes it."""
    file = BytesIO()
    noise = Image.effect_noise((400, 300), 60).resize((4000, 3000))
    Image.merge("RGB", (noise, noise, noise)).save(file, "JPEG", quality=90)
    return file.getvalue()
