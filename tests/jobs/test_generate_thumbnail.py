"""Smaller copies: squares from the middle, or the whole image in a box; never enlarged."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

from lib.jobs.generate_thumbnail import GenerateThumbnail
from lib.pictures.copies import make_copies
from lib.pictures.messages import Box
from tests.jobs import pictures
from tests.jobs.asking import Db, add_post, ended, enqueue, thumbnails_of
from tests.jobs.conftest import Work
from tests.jobs.image_host import ImageHost
from tests.jobs.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, near


@pytest.mark.parametrize(
    ("size", "pixels"),
    [
        (150, (150, 150)),
        (320, (320, 320)),
        (4096, (400, 400)),
        (1, (1, 1)),
        (Box(300, None), (300, 200)),
        (Box(None, 100), (150, 100)),
        (Box(300, 300), (300, 200)),
        (Box(300, 100), (150, 100)),
        (Box(4096, None), (600, 400)),
        (Box(4096, 200), (300, 200)),
    ],
)
def test_fits_or_fills_and_never_enlarges(size: int | Box, pixels: tuple[int, int]) -> None:
    """Of an image of 600 by 400."""
    [copy] = make_copies(encoded(pictures.quarters(600, 400)), [size])
    assert (copy.width, copy.height) == pixels
    assert Image.open(BytesIO(copy.webp)).size == pixels


def test_a_square_is_cut_from_the_middle() -> None:
    """The outer thirds of a wide image are not in it."""
    image = pictures.quarters(600, 200)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 199, 199), (0, 0, 0))
    draw.rectangle((400, 0, 599, 199), (0, 0, 0))
    [copy] = make_copies(encoded(image, quality=95), [100])
    assert near(corners(Image.open(BytesIO(copy.webp))), [RED, GREEN, BLUE, WHITE], by=40)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_is_upright(orientation: int) -> None:
    """Like the image itself."""
    [copy] = make_copies(pictures.turned(orientation), [Box(120, None)])
    assert (copy.width, copy.height) == (120, 80)
    assert near(corners(Image.open(BytesIO(copy.webp))), [RED, GREEN, BLUE, WHITE], by=40)


def test_keeps_no_metadata() -> None:
    """The place of a photograph is in none of its copies."""
    [copy] = make_copies(encoded(pictures.quarters(), exif=pictures.exif(gps=True)), [100])
    assert not Image.open(BytesIO(copy.webp)).getexif()
    assert b"Suplacam" not in copy.webp


async def test_stores_what_was_asked_for(work: Work, db: Db, host: ImageHost, http: httpx.AsyncClient) -> None:
    """Without a post the URLs are in the result only."""
    url = host.serves("/a.jpg", encoded(pictures.quarters(600, 400)))
    enqueue(db, "generate_thumbnail", {"image_url": url, "sizes": [150, {"width": 300}, {"width": 90, "height": 90}]})
    await work()
    [row] = ended(db, "generate_thumbnail")
    assert row["status"] == "completed"
    made = row["result"]["thumbnails"]
    assert [(each["size"], each["width"], each["height"]) for each in made] == [
        ("150", 150, 150),
        ("300x", 300, 200),
        ("90x90", 90, 60),
    ]
    for each in made:
        assert Image.open(BytesIO((await http.get(each["url"])).content)).size == (each["width"], each["height"])


async def test_adds_to_the_thumbnails_of_a_post(work: Work, db: Db, host: ImageHost) -> None:
    """Another size leaves the others; the same size takes its place."""
    url = host.serves("/a.jpg", encoded(pictures.quarters(600, 400)))
    post_id = add_post(db)
    for sizes in ([150], [{"height": 200}], [150, 150]):
        enqueue(db, "generate_thumbnail", {"image_url": url, "sizes": sizes, "post_id": post_id})
        await work()
    assert {size: row["width"] for size, row in thumbnails_of(db, post_id).items()} == {"150": 150, "x200": 300}


async def test_a_post_that_is_gone_gets_none(work: Work, db: Db, host: ImageHost) -> None:
    """Discarded before anything is fetched."""
    payload = {"image_url": host.url("/a.jpg"), "sizes": [150], "post_id": "00000000-0000-4000-8000-000000000000"}
    enqueue(db, "generate_thumbnail", payload)
    await work()
    assert ended(db, "generate_thumbnail")[0]["status"] == "discarded"
    assert host.heads == []


@pytest.mark.parametrize("path", ["http://169.254.169.254/", "http://127.0.0.1:1/a.jpg", "no URL"])
async def test_the_same_urls_are_refused(work: Work, db: Db, path: str) -> None:
    """Whoever enqueues it."""
    enqueue(db, "generate_thumbnail", {"image_url": path, "sizes": [150]})
    await work()
    row = ended(db, "generate_thumbnail")[0]
    assert (row["status"], row["attempts"]) == ("discarded", 1)


@pytest.mark.parametrize(
    "sizes",
    [
        [],
        [0],
        [-1],
        [4097],
        ["large"],
        [{}],
        [{"width": 0}],
        [{"depth": 3}],
        [{"width": 3, "depth": 3}],
        [150] * 11,
        [None],
        150,
    ],
)
def test_sizes_that_make_no_sense_are_refused(sizes: Any) -> None:
    """By the payload's model: at the enqueueing, or as a dead job."""
    with pytest.raises(ValueError, match="sizes"):
        GenerateThumbnail.model_validate({"image_url": "https://example.com/a", "sizes": sizes})
