"""Numbers of synthetic people and companies: their check characters are right, their area code 990000 exists nowhere."""

import datetime as dt
from typing import Final

from onecity.kernel.core.identity_numbers import credit_check, resident_check

AREA: Final = "990000"
# GB 11714-1997: organisation code, check over eight places
ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


def identity_number(born_on: dt.date, serial: int) -> str:
    """The identity number of somebody born on that day; odd serials are men, even ones women (1 to 999)."""
    body = f"{AREA}{born_on:%Y%m%d}{serial:03d}"
    return body + resident_check(body)


def credit_code(serial: int) -> str:
    """The unified social credit code of the company with this serial."""
    organisation = f"MA{serial:06d}"
    values = [int(letter, 36) for letter in organisation]
    rest = 11 - sum(value * weight for value, weight in zip(values, ORGANISATION_WEIGHTS, strict=True)) % 11
    check = {10: "X", 11: "0"}.get(rest, str(rest))
    body = f"91{AREA}{organisation}{check}"
    return body + credit_check(body)
