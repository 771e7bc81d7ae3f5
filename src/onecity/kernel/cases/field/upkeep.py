"""Forgets what phones sent long ago: ids that no phone will repeat, and photos that never came to their end."""

import datetime as dt
from typing import Final

from onecity.kernel.cases.field import photos
from onecity.kernel.cases.models import FieldAct, FieldPhoto
from onecity.kernel.core.clock import now

# a phone that was off for longer than this sends its acts under ids that are not known any more; the versions of the cases
# then tell it what happened meanwhile
KEYS_LAST: Final = dt.timedelta(days=180)
PHOTOS_LAST: Final = dt.timedelta(days=14)


def tidy() -> tuple[int, int]:
    """Delete both; returns how many ids and how many unfinished photos went."""
    acts, _per_model = FieldAct.objects.filter(at__lt=now() - KEYS_LAST).delete()
    gone = 0
    for photo in FieldPhoto.objects.filter(begun_at__lt=now() - PHOTOS_LAST).iterator():
        photos.path_of(photo.account_id, photo.key).unlink(missing_ok=True)
        photo.delete()
        gone += 1
    return acts, gone
