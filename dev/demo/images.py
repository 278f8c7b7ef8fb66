"""Images: a photograph becomes files that can be shown, upright and without the place where it was taken."""

import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import ExifTags, Image

from dev.demo.photograph import take_photograph
from dev.demo.scene import Scene, table
from dev.demo.user import User, call

BUCKET = "originals"
# Outlives the demo, so that somebody can look at the files.
FOLDER = Path(tempfile.gettempdir()) / "suplatzigram-demo"


@dataclass(frozen=True, slots=True)
class File:
    """An image file as it was downloaded."""

    name: str
    content: bytes

    def describe(self) -> dict[str, Any]:
        """What it is, as a line of the table."""
        image = Image.open(BytesIO(self.content))
        exif = image.getexif()
        return {
            "file": self.name,
            "pixels": f"{image.width} x {image.height}",
            "KB": round(len(self.content) / 1024),
            "format": image.format,
            "upright": "yes" if is_upright(image) else "no",
            "GPS": "yes" if exif.get_ifd(ExifTags.IFD.GPSInfo) else "no",
            "other EXIF": len(exif),
        }


def show_images(scene: Scene, user: User) -> str:
    """Let the user upload a photograph and post it. Returns the post's id."""
    photograph = take_photograph()
    url = _upload(scene, photograph)
    answer = call(scene, "POST", "/api/posts", user.token, json={"caption": "Sunset", "imageUrl": url})
    post_id: str = answer["post"]["id"]
    scene.say(f"a user posts a photograph of {len(photograph) // 1024} KB; its image job came in the same transaction")
    _save(File("original.jpg", photograph))
    return post_id


def report_images(scene: Scene, post_id: str) -> None:
    """Download what is shown of the post, and look at it."""
    posts = call(scene, "GET", "/api/posts?sort=new&limit=100")["posts"]
    shown = next(post for post in posts if post["id"] == post_id)["image"]
    if shown is None:
        scene.check("the photograph is processed", False, "the post shows no image")
        return
    urls = {"image.webp": shown["webpUrl"], "image.jpg": shown["jpegUrl"]}
    urls |= {f"thumbnail-{each['size']}.webp": each["url"] for each in shown["thumbnails"]}
    files = [File(name, httpx.get(url, timeout=20).raise_for_status().content) for name, url in urls.items()]
    for file in files:
        _save(file)
    rows = [File("original.jpg", (FOLDER / "original.jpg").read_bytes()).describe(), *(f.describe() for f in files)]
    print(table(rows), flush=True)
    stored = rows[1:]
    scene.check("the photograph has all its sizes", len(stored) == 5, f"{len(stored)} files, to look at in {FOLDER}")
    scene.check(
        "its files are upright", all(row["upright"] == "yes" for row in stored), f"blurhash {shown['blurhash']}"
    )
    clean = all(row["GPS"] == "no" and row["other EXIF"] == 0 for row in stored)
    scene.check("none of them says where it was taken", clean, "no EXIF, no GPS")


def is_upright(image: Image.Image) -> bool:
    """Whether the dark of the sky is above, and not at the left, where it lies in the original."""
    grey = image.convert("L").resize((40, 40))
    above, left = (grey.crop(box).resize((1, 1)).tobytes()[0] for box in ((0, 0, 40, 3), (0, 0, 3, 40)))
    return above < left


def _upload(scene: Scene, content: bytes) -> str:
    """Put the original into a public bucket, as a frontend does before it posts. Returns its URL."""
    env = scene.stack.env()
    headers = {
        "apikey": env["SUPABASE_SERVICE_ROLE_KEY"],
        "authorization": f"Bearer {env['SUPABASE_SERVICE_ROLE_KEY']}",
    }
    with httpx.Client(base_url=env["SUPABASE_URL"] + "/storage/v1", headers=headers, timeout=20) as storage:
        bucket = {"id": BUCKET, "name": BUCKET, "public": True}
        storage.post("/bucket", json=bucket).raise_for_status()
        storage.post(
            f"/object/{BUCKET}/sunset.jpg", content=content, headers={"content-type": "image/jpeg"}
        ).raise_for_status()
    return f"{env['SUPABASE_URL']}/storage/v1/object/public/{BUCKET}/sunset.jpg"


def _save(file: File) -> None:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / file.name).write_bytes(file.content)
