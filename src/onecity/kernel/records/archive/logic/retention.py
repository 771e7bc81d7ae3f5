"""How long archived matters are kept and what they are called: retention periods and the number of a file (档号)."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

# 保管期限 of DA/T 13 and of the retention rules of 2006 (State Archives order 8): code to years, None for ever
PERIODS: Final[Mapping[str, int | None]] = {"Y": None, "D30": 30, "D10": 10}
CATEGORY: Final = "ZW"  # government services
FONDS: Final = re.compile(r"[A-Z0-9]{1,18}")
CALL_NUMBER: Final = re.compile(r"[A-Z0-9]{1,18}-ZW·\d{4}-(?:Y|D30|D10)-\d{6,}")


def call_number(fonds: str, year: int, period: str, order: int) -> str:
    """The number of a file: fonds-category·year-period-order (after DA/T 13-2022, 5).

    Raises ValueError for a fonds code or a period that there is not.
    """
    if not FONDS.fullmatch(fonds):
        raise ValueError(f"a fonds code is 1 to 18 capital letters and digits, not {fonds!r}")
    if period not in PERIODS:
        raise ValueError(f"a retention period is one of {', '.join(PERIODS)}, not {period!r}")
    return f"{fonds}-{CATEGORY}·{year:04d}-{period}-{order:06d}"


def kept_until(closed_at: dt.datetime, period: str) -> dt.date | None:
    """The last day: periods count from the first of January after the matter was closed; None: for ever."""
    years = PERIODS[period]
    return None if years is None else dt.date(closed_at.year + years, 12, 31)
