"""An instance that works on the largest images that are accepted stays under 512 MB, with its picture process."""

import asyncio
import itertools
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PIL import Image

from lib.outside.images.process import PictureProcess
from lib.pictures.opening import MAX_PIXELS, MAX_PIXELS_A_SIDE, MAX_PIXELS_CMYK
from tests.jobs.image_host import ImageHost

ROOT = Path(__file__).resolve().parents[2]
LIMIT_MB = 512
MAX_BYTES = 10_000_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


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


def largest(kind: str, folder: Path) -> bytes:
    """The largest image of a kind, as a file of 10 MB: what follows a picture is read, and held, like it."""
    file = folder / kind
    LARGEST[kind](file)
    return file.read_bytes().ljust(MAX_BYTES, b"\0")


def memory_mb(process_id: int | str, what: str) -> int:
    """VmRSS, or VmHWM for the most that it was. (Unlike ru_maxrss, without what the parent had before exec.)"""
    found = re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{process_id}/status").read_text())
    assert found
    return int(found[1]) // 1024


@pytest.fixture
async def process() -> AsyncIterator[PictureProcess]:
    """A picture process."""
    process = PictureProcess(cpu_s=20)
    yield process
    await process.aclose()


@pytest.mark.parametrize("kind", LARGEST)
async def test_the_largest_image_is_worked_on_within_the_limit(
    kind: str, process: PictureProcess, tmp_path: Path
) -> None:
    """Of address space: they are for strangers' tricks. And what it needed is given back."""
    made = await process.make({"make": "rendition"}, largest(kind, tmp_path), 60)
    assert isinstance(made, tuple), made
    assert made[0].refused is None
    assert max(made[0].made[0].width, made[0].made[0].height) == 1440
    assert not made[0].retires
    print(f"{kind}: {memory_mb(process.process_id or 0, 'VmHWM')} MB")


# What the worker's function loads, and no more: the test's own process has pytest and what made the pictures.
INSTANCE = """
import asyncio, json, runpy, sys, time
from dataclasses import replace
runpy.run_path("api/queue/process.py")
from lib.outside import Outside
from lib.outside.images import PictureProcess
from lib.settings import Settings

async def main(host, urls):
    settings = Settings.load({"SUPABASE_URL": "https://x.supabase.co", "SUPABASE_SERVICE_ROLE_KEY": "k",
        "IMAGE_HOSTS": host})
    outside = Outside.of(settings)
    outside.__dict__["images"] = replace(outside.images, process=PictureProcess(cpu_s=20))
    ends = time.monotonic() + 300
    most = 0, 0

    async def watch():
        nonlocal most
        while True:
            most = max(most, (rss("self") + rss(outside.images.process.process_id), rss("self")))
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    made = await asyncio.gather(*(outside.render_image(url, lambda: ends - time.monotonic()) for url in urls))
    watching.cancel()
    await outside.aclose()
    print(json.dumps([most[0] // 256, most[1] // 256, [type(each).__name__ for each in made]]))

def rss(process):
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1])
    except OSError:
        return 0

asyncio.run(main(sys.argv[1], sys.argv[2:]))
"""


@pytest.mark.timeout(400)  # twenty decodings, on a machine that is busy testing
async def test_any_mix_of_images_fits_into_half_a_gigabyte(host: ImageHost, tmp_path: Path) -> None:
    """Memory that a function does not have is a kill, which takes all its jobs along. Twenty at once, all large."""
    kinds = list(itertools.islice(itertools.cycle(LARGEST), 20))
    files = {kind: largest(kind, tmp_path) for kind in LARGEST}
    urls = [host.serves(f"/{number}", files[kind]) for number, kind in enumerate(kinds)]
    done = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", INSTANCE, host.origin, *urls),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"]},
    )
    output, _ = await done.communicate()
    most_mb, parent_mb, made = json.loads(output)
    print(f"twenty large images: {most_mb} MB, of which the instance itself has {parent_mb}")
    assert made == ["Rendition"] * 20
    assert most_mb < LIMIT_MB
