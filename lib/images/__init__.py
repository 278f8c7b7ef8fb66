"""Images: fetched, checked, made upright and small, and encoded. Knows no queue, no post and no Storage."""

from lib.images.fetching import fetch_image
from lib.images.rendition import Rendition, render
from lib.images.thumbnails import Fitted, Thumbnail, make_thumbnails
from lib.images.work import IMAGES_AT_A_TIME, Busy, holding_an_image, in_image_thread

__all__ = [
    "IMAGES_AT_A_TIME",
    "Busy",
    "Fitted",
    "Rendition",
    "Thumbnail",
    "fetch_image",
    "holding_an_image",
    "in_image_thread",
    "make_thumbnails",
    "render",
]
