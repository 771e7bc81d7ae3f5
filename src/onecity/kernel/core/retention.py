"""How long records are kept: a number of days that an installation may set, and the end of what is older, bit by bit."""

import datetime as dt
import os
from collections.abc import Callable, Mapping

LONGEST_DAYS = 36_500
# rows a transaction removes, and transactions a run makes: what is left is for the next run
BATCH = 5_000
MOST_BATCHES = 200


def kept(variable: str, default_days: int, values: Mapping[str, str] | None = None) -> dt.timedelta | None:
    """How long to keep what the environment's `variable` (days) speaks of; None: for ever (0).

    Raises ValueError for a text that is no such number: better no upkeep than one that removes too much.
    """
    text = (os.environ if values is None else values).get(variable, "").strip() or str(default_days)
    if not text.isascii() or not text.isdigit() or int(text) > LONGEST_DAYS:
        raise ValueError(f"{variable} must be a whole number of days from 0 to {LONGEST_DAYS}, not {text!r}")
    return dt.timedelta(days=int(text)) if int(text) else None


def remove(one_batch: Callable[[int], int], batch: int = BATCH, most: int = MOST_BATCHES) -> int:
    """Call `one_batch` (at most so many rows → how many it removed) until nothing is left; returns how many in all."""
    total = 0
    for _number in range(most):
        gone = one_batch(batch)
        total += gone
        if gone < batch:
            break
    return total
