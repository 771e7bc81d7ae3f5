"""The registry of permissions: each is declared once, with its title, by the package whose data it opens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")
EVERYTHING = "*"  # the permission of a superuser's grant: all but the separate ones


@dataclass(frozen=True)
class Permission:
    """One thing that a role may allow.

    `separate`: a superuser does not have it for being one; it must be assigned by name (三员分立, separation of the
    system, security and audit administrators, GB/T 22239-2019).
    """

    name: str
    title: object
    separate: bool = False


_declared: dict[str, Permission] = {}


def declare(name: str, title: object, *, separate: bool = False) -> Permission:
    """Add a permission; `title` may be a lazy translation. Raises ValueError for a second declaration or a bad name."""
    if not NAME.match(name):
        raise ValueError(f"permission {name!r} must look like 'cases.view'")
    if name in _declared:
        raise ValueError(f"permission {name!r} is declared twice")
    permission = Permission(name, title, separate)
    _declared[name] = permission
    return permission


def declared() -> Mapping[str, Permission]:
    """All permissions by name, read-only."""
    return MappingProxyType(_declared)


def permission(name: str) -> Permission:
    """The declared permission; raises ValueError for a name nobody declared, since a typing error must not open or shut."""
    found = _declared.get(name)
    if found is None:
        raise ValueError(f"permission {name!r} is not declared; call access.permissions.declare in its package")
    return found


def granting(name: str) -> tuple[str, ...]:
    """The permissions of a grant that allow `name`."""
    return (name,) if permission(name).separate else (name, EVERYTHING)


PEOPLE_VIEW = declare("people.view", _("See accounts, organisations and roles")).name
PEOPLE_MANAGE = declare("people.manage", _("Create and deactivate accounts")).name
PEOPLE_ASSIGN = declare("people.assign", _("Assign roles")).name
PEOPLE_IDENTIFY = declare("people.identify", _("Confirm at a counter who somebody is and for whom he acts")).name
PEOPLE_ASSIGN_DUTY = declare("people.assign_duty", _("Assign the separated administrator roles")).name
AUDIT_VIEW = declare("audit.view", _("Search the audit trail"), separate=True).name
