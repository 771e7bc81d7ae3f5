"""Who may come through a view's door, written on the view itself so that one test can try every door with every role."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[..., Any]
Kind = Literal["public", "signed_in", "staff", "permission", "device"]
ATTRIBUTE = "door"


@dataclass(frozen=True)
class Door:
    """Who may come in: everybody, whoever has signed in, whoever holds a role, whoever holds `permission`, or a device."""

    kind: Kind
    permission: str = ""


PUBLIC = Door("public")
SIGNED_IN = Door("signed_in")
STAFF = Door("staff")
DEVICE = Door("device")


def mark(view: View, door: Door) -> View:
    """Write the door on the view and return it; the caller has to enforce it."""
    setattr(view, ATTRIBUTE, door)
    return view


def door_of(view: View) -> Door | None:
    """The door written on a view, or None where nobody wrote one."""
    found = getattr(view, ATTRIBUTE, None)
    return found if isinstance(found, Door) else None


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Say that everybody may open this view."""
    mark(view, PUBLIC)
    return view


def signed_in(view: View) -> View:
    """Send whoever has not signed in to the sign-in page and back afterwards."""
    if iscoroutinefunction(view):
        raise TypeError("signed_in reads the session from the database: use it on a synchronous view")

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        response: HttpResponseBase = view(request, *args, **kwargs)
        return response

    return mark(guarded, SIGNED_IN)


def account_of(request: HttpRequest) -> Account:
    """The account that sent the request; raises a problem (401) where nobody has signed in."""
    if not isinstance(request.user, Account):
        raise Problem("not-signed-in", _("Sign in first."), status=401)
    return request.user
