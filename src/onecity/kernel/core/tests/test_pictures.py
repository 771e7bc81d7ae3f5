"""Pictures come out upright, bounded and bare; place and time come out beside them; what is broken is refused."""

import datetime as dt
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from onecity.kernel.core import pictures
from onecity.kernel.core.pictures import BrokenPictureError

EIGHT = dt.timezone(dt.timedelta(hours=8))


def photo(size: tuple[int, int] = (64, 48), *, kind: str = "JPEG", mode: str = "RGB", **more: object) -> bytes:
    image = Image.new(mode, size, "red")
    image.paste("blue", (0, 0, size[0] // 2, size[1] // 2))  # the upper left quarter
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def camera(orientation: int = 1, offset: str = "") -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "SecretCam"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:10:20 08:30:00"
    if offset:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] = offset
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (30.0, 55.0, 12.0),
            ExifTags.GPS.GPSLongitudeRef: "E", ExifTags.GPS.GPSLongitude: (121.0, 27.0, 36.0),
        }
    )  # fmt: skip
    return exif


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_place_and_time_are_told_and_left_behind() -> None:
    made = pictures.rewritten(photo(exif=camera()), EIGHT)
    assert (made.lon, made.lat) == (121.46, 30.92)
    assert made.taken_at == dt.datetime(2026, 10, 20, 0, 30, tzinfo=dt.UTC)
    assert pictures.rewritten(photo(exif=camera(offset="+00:00")), EIGHT).taken_at == dt.datetime(
        2026, 10, 20, 8, 30, tzinfo=dt.UTC
    )
    assert b"SecretCam" not in made.content
    assert b"Exif" not in made.content
    assert dict(opened(made.content).getexif()) == {}


@pytest.mark.parametrize(("orientation", "size"), [(1, (64, 48)), (3, (64, 48)), (6, (48, 64)), (8, (48, 64))])
def test_pictures_stand_upright(orientation: int, size: tuple[int, int]) -> None:
    made = pictures.rewritten(photo(exif=camera(orientation)), EIGHT)
    assert (made.width, made.height) == size == opened(made.content).size
    blue_at = {1: (2, 2), 3: (size[0] - 3, size[1] - 3), 6: (size[0] - 3, 2), 8: (2, size[1] - 3)}[orientation]
    red, _green, blue = opened(made.content).convert("RGB").getpixel(blue_at)  # type: ignore[misc]  # three bands
    assert (red < 60, blue > 200) == (True, True)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_large_ones_are_made_smaller_and_text_in_them_is_dropped(kind: str) -> None:
    note = PngInfo()
    note.add_text("Comment", "who took this")
    more = {"pnginfo": note} if kind == "PNG" else {"comment": b"who took this"} if kind == "JPEG" else {}
    made = pictures.rewritten(photo((4000, 1000), kind=kind, **more), EIGHT)
    assert (made.width, made.height, made.media_type) == (2560, 640, "image/jpeg")
    assert b"who took this" not in made.content


def test_transparency_is_kept() -> None:
    made = pictures.rewritten(photo(kind="PNG", mode="RGBA"), EIGHT)
    assert (made.media_type, opened(made.content).mode) == ("image/png", "RGBA")


def test_what_is_hidden_behind_a_picture_is_gone() -> None:
    polyglot = photo() + b"<script>alert(1)</script>"
    assert b"script" not in pictures.rewritten(polyglot, EIGHT).content


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg/>", photo()[:200], photo(kind="PNG")[:60], b"\xff\xd8\xff\xe0"]
)
def test_what_is_broken_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenPictureError):
        pictures.rewritten(content, EIGHT)


def test_a_picture_that_unpacks_too_large_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(BrokenPictureError, match="too many pixels"):
        pictures.rewritten(photo((8000, 8000), kind="PNG", mode="1"), EIGHT)


@settings(deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(0, 2**32))
def test_damaged_bytes_give_a_picture_or_are_refused(kind: str, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(photo(kind=kind, exif=camera()))
    for _time in range(chance.randrange(1, 12)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    try:
        made = pictures.rewritten(bytes(content), EIGHT)
    except BrokenPictureError:
        return
    assert opened(made.content).size == (made.width, made.height)
