"""Numbers of synthetic people and companies: their check characters are right, their area code 990000 exists nowhere."""

import datetime as dt
from typing import Final

AREA: Final = "990000"
# GB 11643-1999, 4.2: weights and check characters of the citizen identity number
ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS: Final = "10X98765432"
# GB 11714-1997: organisation code, check over eight places
ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
# GB 32100-2015: alphabet of the unified social credit code, weights 3^i mod 31
CREDIT_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def identity_number(born_on: dt.date, serial: int) -> str:
    """The identity number of somebody born on that day; odd serials are men, even ones women (1 to 999)."""
    body = f"{AREA}{born_on:%Y%m%d}{serial:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, ID_WEIGHTS, strict=True))
    return body + ID_CHECKS[total % 11]


def credit_code(serial: int) -> str:
    """The unified social credit code of the company with this serial."""
    organisation = f"MA{serial:06d}"
    values = [int(letter, 36) for letter in organisation]
    rest = 11 - sum(value * weight for value, weight in zip(values, ORGANISATION_WEIGHTS, strict=True)) % 11
    check = {10: "X", 11: "0"}.get(rest, str(rest))
    body = f"91{AREA}{organisation}{check}"
    total = sum(CREDIT_LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return body + CREDIT_LETTERS[(31 - total % 31) % 31]
