"""The seal's picture: its size, its one colour, its clear ground, the ring and the star where custom has them."""

from io import BytesIO

import pytest
from PIL import Image

from onecity.kernel.records.ofd import faces
from onecity.kernel.records.seals import drawing

FONT = faces.path_of(bold=True)


def drawn(name: str, below: str = "") -> Image.Image:
    return Image.open(BytesIO(drawing.draw(name, FONT, below=below))).convert("RGBA")


def test_the_seal_is_round_red_and_clear_between() -> None:
    picture = drawn("测试区市场监督管理局", "示范专用")
    size = round(drawing.DIAMETER * drawing.DOTS_PER_MM)
    assert picture.size == (size, size)
    middle = size // 2
    assert picture.getpixel((middle, middle)) == drawing.RED  # the star
    assert picture.getpixel((middle, 9)) == drawing.RED  # the ring
    for place in ((0, 0), (size - 1, size - 1), (middle, middle + 90)):
        pixel = picture.getpixel(place)
        assert isinstance(pixel, tuple)
        assert pixel[3] == 0, place
    colours = {pixel[:3] for _count, pixel in picture.getcolors(1 << 16) or [] if isinstance(pixel, tuple)}
    assert colours == {drawing.RED[:3]}


def test_the_name_and_the_word_below_are_in_the_picture() -> None:
    assert drawn("测试局").tobytes() != drawn("测试区").tobytes()
    assert drawn("测试局").tobytes() != drawn("测试局", "示范").tobytes()


def test_a_picture_is_small_enough_to_travel_twice_with_each_document() -> None:
    assert len(drawing.draw("测试区人力资源和社会保障局行政审批专用章", FONT, below="示范专用")) < 25_000


@pytest.mark.parametrize("name", ["", "长" * 41])
def test_names_beyond_measure_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 40"):
        drawing.draw(name, FONT)
