"""Images: fetched, checked, made upright and small, encoded, and stored as files. Knows no queue and no tables."""

from lib.images.files import BUCKET, store_file
from lib.images.rendition import Rendition, render
from lib.images.thumbnails import Fitted, Thumbnail, make_thumbnails
from lib.images.work import Busy, work_on_image

__all__ = [
    "BUCKET",
    "Busy",
    "Fitted",
    "Rendition",
    "Thumbnail",
    "make_thumbnails",
    "render",
    "store_file",
    "work_on_image",
]
