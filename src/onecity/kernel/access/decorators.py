"""Guards for views: each refuses with a problem that says who can grant the right, and writes its door on the view."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from onecity.kernel.access import permissions, policy
from onecity.kernel.people.doors import STAFF, Door, View, mark, public, signed_in

__all__ = ["permission_required", "public", "signed_in", "staff_required"]


def permission_required(permission: str) -> Callable[[View], View]:
    """Let in whoever holds the permission over any division; what he sees inside is `policy.visible`'s matter.

    Nobody signed in: to the sign-in page and back. Signed in without it: 403 as a problem. Raises ValueError at import
    for a permission nobody declared.
    """
    permissions.permission(permission)
    return _guard(Door("permission", permission), lambda request: policy.may_somewhere(request.user, permission))


def staff_required(view: View) -> View:
    """Let in whoever holds any role anywhere now."""
    return _guard(STAFF, lambda request: bool(policy.held(request.user)))(view)


def _guard(door: Door, allows: Callable[[HttpRequest], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        if iscoroutinefunction(view):
            raise TypeError("this guard reads the database: use it on a synchronous view")

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not allows(request):
                raise policy.refusal(door.permission)
            response: HttpResponseBase = view(request, *args, **kwargs)
            return response

        return mark(guarded, door)

    return decorate
