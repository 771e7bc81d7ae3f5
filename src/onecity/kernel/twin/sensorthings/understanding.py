"""What the database refuses, in the words of this service."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DataError, IntegrityError, ProgrammingError
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.sensorthings import documents, sets


@contextmanager
def understood() -> Iterator[None]:
    """What the database refuses, in words. Raises Problem 400, 403, 404 and 409."""
    try:
        yield
    except IntegrityError as error:
        title = _("Somebody else changed this at the same time; send it again")
        raise Problem("sensorthings-conflict", title, status=409) from error
    except DataError as error:
        raise documents.wrong("", _("A text holds characters that cannot be kept")) from error
    except Entity.DoesNotExist as error:
        raise sets.none_such() from error
    except ProgrammingError as error:
        if "row-level security" not in str(error):
            raise
        raise Problem("forbidden", _("You may not change what belongs to this division"), status=403) from error
