"""Numbers of persons and bodies with their check characters: what is mistyped is found before anything is asked with it.

Resident identity number after GB 11643-1999 (check by ISO 7064 MOD 11-2), unified social credit code (统一社会信用代码)
after GB 32100-2015.
"""

import datetime as dt
import re
from typing import Final

RESIDENT: Final = re.compile(r"[0-9]{17}[0-9X]")
RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
RESIDENT_CHECKS: Final = "10X98765432"

CREDIT_CODE: Final = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")
CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def plain(number: str) -> str:
    """The number as it is compared and kept: without spaces and hyphens, letters large."""
    return re.sub(r"[\s-]", "", number).upper()


def resident_check(first: str) -> str:
    """The eighteenth character for the first seventeen digits."""
    total = sum(weight * int(digit) for weight, digit in zip(RESIDENT_WEIGHTS, first, strict=True))
    return RESIDENT_CHECKS[total % 11]


def is_resident_number(number: str) -> bool:
    """Whether form, birthday and check character of a resident identity number agree (given as `plain` makes it)."""
    if not RESIDENT.fullmatch(number) or resident_check(number[:17]) != number[17]:
        return False
    return birth_date(number) is not None


def birth_date(number: str) -> dt.date | None:
    """The birthday within a resident identity number; None where there is no such day."""
    try:
        return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def is_female(number: str) -> bool:
    """Whether the number was given to a woman: its seventeenth digit is even."""
    return int(number[16]) % 2 == 0


def credit_check(first: str) -> str:
    """The eighteenth character for the first seventeen of a unified social credit code."""
    total = sum(CREDIT_ALPHABET.index(letter) * pow(3, place, 31) for place, letter in enumerate(first))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def is_credit_code(code: str) -> bool:
    """Whether form and check character of a unified social credit code agree (given as `plain` makes it)."""
    return CREDIT_CODE.fullmatch(code) is not None and credit_check(code[:17]) == code[17]


def masked(number: str) -> str:
    """The number as others may see it: the first three and the last four characters."""
    return f"{number[:3]}{'*' * max(len(number) - 7, 0)}{number[-4:]}"
