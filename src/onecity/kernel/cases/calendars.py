"""The working calendar by which deadlines of this installation are counted."""

from functools import lru_cache

from django.conf import settings

from onecity.kernel.core.calendar import WorkingCalendar


def office() -> WorkingCalendar:
    """Office hours and public holidays in the installation's time zone; building it takes a moment, so it is kept."""
    return _calendar(settings.TIME_ZONE)


@lru_cache(maxsize=4)
def _calendar(zone: str) -> WorkingCalendar:
    return WorkingCalendar(zone)
