"""Colours of any image, as sRGB: what browsers take an image without a profile for."""

from io import BytesIO

from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """Convert an image of mode RGB, RGBA, L, LA or CMYK to RGB or RGBA, by its profile if it has a usable one."""
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    opaque = image.convert(image.mode[:-1]) if alpha else image
    colours = (_by_profile(opaque, icc_profile) if icc_profile else None) or opaque.convert("RGB")
    if alpha and alpha.getextrema() != (255, 255):
        colours.putalpha(alpha)
    return colours


def _by_profile(image: Image.Image, icc_profile: bytes) -> Image.Image | None:
    """None when the profile is broken, or is for another kind of image."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
        return ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
