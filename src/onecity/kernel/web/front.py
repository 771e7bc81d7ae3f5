"""The start page of this installation: the shell's own, until a domain offers one that knows more."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Front = Callable[[HttpRequest], HttpResponse]
_FRONT: list[Front] = []


def use(view: Front) -> None:
    """Answer `/` by this view from now on; it is open to everybody. Raises ValueError for a second one."""
    if _FRONT and _FRONT[0] is not view:
        raise ValueError("the start page belongs to another domain already")
    _FRONT[:] = [view]


def chosen() -> Front | None:
    """The view that answers `/` instead of the shell's own."""
    return _FRONT[0] if _FRONT else None
