"""Photos decoded and written anew, so that what a stranger sends never reaches another stranger's browser as it came.

Only pixels are carried over. What the camera wrote beside them (where, when, with what, a thumbnail of what was cut off) is
left behind; place and time are returned apart, for whoever needs them as evidence.
"""

import datetime as dt
import io
import math
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image, ImageCms, ImageOps

LONGEST_SIDE = 2560  # pixels of what is kept for looking at: a full screen, and print on A4
MOST_PIXELS = 60_000_000
QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP")
# what a decoder may raise on bytes that are no whole picture; a warning is an error where warnings are
BROKEN = (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError, struct.error, Warning)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture written anew: its bytes and size in pixels, and where (WGS-84 degrees) and when it says it was taken."""

    content: bytes
    media_type: str
    width: int
    height: int
    taken_at: dt.datetime | None = None
    lon: float | None = None
    lat: float | None = None


class BrokenPictureError(ValueError):
    """These bytes are no whole JPEG, PNG or WebP picture of at most MOST_PIXELS."""


def rewritten(content: bytes, zone: dt.tzinfo) -> Picture:
    """Decode and encode a JPEG, PNG or WebP picture: upright, in sRGB, at most LONGEST_SIDE long, without metadata.

    Pictures with transparency become PNG, others JPEG. `zone` is that of a camera that does not say its own. Raises
    BrokenPictureError.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BrokenPictureError("too many pixels")
            taken_at, lon, lat = _said(image, zone)
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            pixels = _pixels(image)
    except BROKEN as error:
        raise BrokenPictureError(str(error)) from error
    pixels.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if pixels.mode == "RGBA":
        pixels.save(out, "PNG", optimize=False)
    else:
        pixels.save(out, "JPEG", quality=QUALITY, progressive=True)
    kind = "image/png" if pixels.mode == "RGBA" else "image/jpeg"
    width, height = pixels.size
    return Picture(out.getvalue(), kind, width, height, taken_at, lon, lat)


def _pixels(image: Image.Image) -> Image.Image:
    """The first frame, upright, as RGB or RGBA in sRGB, with nothing else attached."""
    clear = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    plain = upright.convert("RGBA" if clear else "RGB")
    if profile and image.mode in {"RGB", "RGBA"}:
        plain = _in_srgb(plain, profile)
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The colours that a profile means; as they are where the profile cannot be read."""
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(image, meant, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, *BROKEN):
        return image
    return found if found is not None else image


def _said(image: Image.Image, zone: dt.tzinfo) -> tuple[dt.datetime | None, float | None, float | None]:
    """When and where (longitude, latitude) the camera says it was (Exif 2.32, 4.6.5 and 4.6.6); None where it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exif = image.getexif()
            details, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    except BROKEN:
        return None, None, None
    lon = _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, 180.0)
    lat = _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, 90.0)
    if lon is None or lat is None:
        lon = lat = None
    return _moment(details, zone), lon, lat


def _degrees(gps: Mapping[int, Any], tag: int, reference: int, most: float) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in gps[tag])
        side = str(gps[reference]).strip("\0 ").upper()
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or value > most or side not in {"N", "S", "E", "W"}:
        return None
    return round(-value if side in {"S", "W"} else value, 6)


def _moment(details: Mapping[int, Any], zone: dt.tzinfo) -> dt.datetime | None:
    text = str(details.get(ExifTags.Base.DateTimeOriginal, "")).strip("\0 ")
    offset = str(details.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\0 ")
    try:
        local = dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
        if offset:
            local = dt.datetime.strptime(f"{text}{offset}", "%Y:%m:%d %H:%M:%S%z")
        return local.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
