"""Metadata of PNG and JPEG files, removed before a decoder sees it.

Pillow refuses a whole picture for one odd note in it: a text of more than a megabyte, a short header, a wrong check
sum. Metadata is not stored anyway. Only what the pixels need stays: colour profile and orientation, unless broken.
The metadata of other formats is left alone: their decoders do not read it.
"""

import struct
import zlib
from collections.abc import Iterator

# The largest profiles in use, for printers, have 2 to 3 MB.
MAX_PROFILE_BYTES = 4_000_000

_PNG = b"\x89PNG\r\n\x1a\n"
# Chunks that the first frame is made of. (An animated PNG is, without its other chunks, its default image.)
_PNG_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}

_JPEG = b"\xff\xd8"
_SOS, _COM = 0xDA, 0xFE
_APPLICATION = range(0xE0, 0xF0)
# Application segments that stay: how they begin, and how long they are at least. JFIF and Adobe say how the colours are
# stored.
_JPEG_KEPT = {0xE0: (b"JFIF\0", 14), 0xE1: (b"Exif\0\0", 14), 0xE2: (b"ICC_PROFILE\0", 15), 0xEE: (b"Adobe", 12)}


def without_metadata(data: bytes) -> bytes:
    """The same picture with hardly any metadata. Data that is broken, or no PNG or JPEG, is left to the decoders."""
    if data.startswith(_PNG):
        return b"".join((_PNG, *_png_chunks(data)))
    if data.startswith(_JPEG):
        return b"".join((_JPEG, *_jpeg_segments(data)))
    return data


def _png_chunks(data: bytes) -> Iterator[memoryview]:
    view, at, header = memoryview(data), len(_PNG), struct.Struct(">I4s")
    while at + 8 <= len(data):
        length, kind = header.unpack_from(data, at)
        end = at + 12 + length
        if kind in _PNG_PIXELS or (
            kind in (b"iCCP", b"eXIf") and _is_whole(view[at:end]) and (kind != b"iCCP" or _unpacks(data[at + 8 : end]))
        ):
            yield view[at:end]
        at = end


def _is_whole(chunk: memoryview) -> bool:
    """Whether the check sum is right."""
    return chunk[-4:] == zlib.crc32(chunk[4:-4]).to_bytes(4)


def _unpacks(chunk: bytes) -> bool:
    """Whether a packed profile can be unpacked, to a size that profiles have."""
    _, _, packed = chunk[:-4].partition(b"\0")
    if packed[:1] != b"\0":
        return False
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(packed[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return False
    return unpacking.eof


def _jpeg_segments(data: bytes) -> Iterator[memoryview]:
    """The segments before the first scan, and all that follows as it is."""
    view, at = memoryview(data), len(_JPEG)
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker == _SOS:
            break
        if marker == 0xFF:  # padding
            at += 1
            continue
        start, length = at, data[at + 2] << 8 | data[at + 3]
        at += 2 + length
        if marker == _COM:
            continue
        if marker in _APPLICATION:
            begins, least = _JPEG_KEPT.get(marker, (b"", 65_536))
            if length < least or not data.startswith(begins, start + 4):
                continue
        yield view[start:at]
    yield view[at:]
