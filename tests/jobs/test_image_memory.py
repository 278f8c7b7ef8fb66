"""An invocation that works on the largest images that are accepted stays under 512 MB.

Each image is worked on in a process of its own, which has loaded what the worker's function loads.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from lib.images.opening import MAX_PIXELS, MAX_PIXELS_A_SIDE, MAX_PIXELS_CMYK

ROOT = Path(__file__).resolve().parents[2]
LIMIT_MB = 512
# Three further images may be held meanwhile, as they came.
OTHERS_MB = 30

MEASURE = """
import re, runpy, sys
runpy.run_path("api/queue/process.py")
from lib.images.rendition import render
with open(sys.argv[1], "rb") as file:
    image = render(file.read())
with open("/proc/self/status") as file:  # unlike ru_maxrss, without what the parent had before exec
    peak_kb = int(re.search(r"VmHWM:\\s+(\\d+)", file.read())[1])
print(image.width, image.height, peak_kb // 1024)
"""


def ramps(mode: str, pixels: int, width: int | None = None) -> Image.Image:
    """As many pixels as that, four by three or that wide, that compress well: 50 million of them fit into 10 MB."""
    width = width or int((pixels * 4 / 3) ** 0.5)
    size = (width, pixels // width)
    up, round_ = (make("L").resize(size) for make in (Image.linear_gradient, Image.radial_gradient))
    bands = {"RGB": (up, round_, up), "RGBA": (up, round_, up, round_), "CMYK": (up, round_, up, round_)}
    return Image.merge(mode, bands[mode])


LARGEST: dict[str, Callable[[Path], None]] = {
    "jpeg": lambda file: ramps("RGB", MAX_PIXELS["JPEG"]).save(file, "JPEG"),
    "progressive-jpeg": lambda file: ramps("RGB", MAX_PIXELS["JPEG"]).save(
        file, "JPEG", progressive=True, subsampling=0
    ),
    "cmyk-jpeg": lambda file: ramps("CMYK", MAX_PIXELS_CMYK).save(file, "JPEG", progressive=True),
    "png": lambda file: ramps("RGB", MAX_PIXELS["PNG"]).save(file, "PNG", compress_level=1),
    "transparent-png": lambda file: ramps("RGBA", MAX_PIXELS["PNG"]).save(file, "PNG", compress_level=6),
    "longest-png": lambda file: ramps("RGBA", MAX_PIXELS["PNG"], MAX_PIXELS_A_SIDE).save(file, "PNG", compress_level=6),
    # The largest square that is scaled without being averaged first.
    "square-png": lambda file: ramps("RGBA", 5759**2, 5759).save(file, "PNG", compress_level=6),
    "gif": lambda file: ramps("RGB", MAX_PIXELS["GIF"]).quantize(64).save(file, "GIF"),
    "webp": lambda file: ramps("RGBA", MAX_PIXELS["WEBP"]).save(file, "WEBP", quality=50, method=0),
    "avif": lambda file: ramps("RGBA", MAX_PIXELS["AVIF"]).save(file, "AVIF", quality=50, speed=10),
}


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_image_fits_into_half_a_gigabyte(kind: str, tmp_path: Path) -> None:
    """Memory that a function does not have is a kill, which takes all its jobs along."""
    file = tmp_path / "image"
    LARGEST[kind](file)
    assert file.stat().st_size <= 10_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(file)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    width, height, peak_mb = map(int, done.stdout.split())
    print(f"{kind}: {peak_mb} MB")
    assert max(width, height) == 1440
    assert peak_mb + OTHERS_MB < LIMIT_MB
