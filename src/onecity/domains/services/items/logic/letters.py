"""The first letter of a Chinese character's pinyin, from its place in GB 2312-80, whose first level is sorted by pinyin.

Rare characters (level two, sorted by radical) have none. Good enough to find 居住证 by "jzz", and to forgive homophones.
"""

from bisect import bisect_right
from typing import Final

LEVEL_ONE: Final = (0xB0A1, 0xD7F9)
# where each letter begins in level one; i, u and v begin no syllable
STARTS: Final = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"), (0xB8C1, "g"), (0xB9FE, "h"),
    (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"), (0xC4C3, "n"), (0xC5B6, "o"), (0xC5BE, "p"), (0xC6DA, "q"),
    (0xC8BB, "r"), (0xC8F6, "s"), (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"), (0xD1B9, "y"), (0xD4D1, "z"),
)  # fmt: skip
_PLACES: Final = [place for place, _letter in STARTS]


def initial(character: str) -> str:
    """The letter for one character, the character itself in small letters if it is ASCII, else nothing."""
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    try:
        place = int.from_bytes(character.encode("gb2312"), "big")
    except UnicodeEncodeError:
        return ""
    if not LEVEL_ONE[0] <= place <= LEVEL_ONE[1]:
        return ""
    return STARTS[bisect_right(_PLACES, place) - 1][1]


def initials(text: str) -> str:
    """The letters of a text in a row."""
    return "".join(map(initial, text))
