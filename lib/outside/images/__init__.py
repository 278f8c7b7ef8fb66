"""Images that strangers link to: found, fetched, and handed to the picture process."""

from lib.outside.images.fetching import fetch_image
from lib.outside.images.images import Images
from lib.outside.images.places import ImagePlaces
from lib.outside.images.process import PictureProcess

__all__ = ["ImagePlaces", "Images", "PictureProcess", "fetch_image"]
