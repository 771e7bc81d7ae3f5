"""What administrators do to accounts and roles: asked for its right, done, and written into the audit trail, in one go."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, permissions, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people import service
from onecity.kernel.people.models import Account, Duty, Organisation, Role, RoleAssignment


def visible_accounts(actor: Account) -> QuerySet[Account]:
    """The accounts that work, or hold a role, in the divisions where the actor may see people."""
    organisations = policy.visible(Organisation.objects.all(), actor, permissions.PEOPLE_VIEW)
    assignments = policy.visible(RoleAssignment.objects.all(), actor, permissions.PEOPLE_VIEW)
    mine = Q(organisation__in=organisations) | Q(id__in=assignments.values("account_id"))
    everywhere = "" in policy.scopes(actor, permissions.PEOPLE_VIEW)
    return Account.objects.all() if everywhere else Account.objects.filter(mine)


@transaction.atomic
def create_account(actor: Account, username: str, *, organisation: Organisation | None, **fields: Any) -> Account:
    """A new account for a member of staff of an organisation; a phone number given here counts as confirmed."""
    policy.require(actor, permissions.PEOPLE_MANAGE, organisation.division_path if organisation else "")
    if fields.get("phone"):
        fields["phone_verified_at"] = now()
    account = service.create_account(username, organisation=organisation, **fields)
    _note("account.created", actor, account, _home(account), {"username": account.username})
    return account


@transaction.atomic
def set_active(actor: Account, account: Account, *, active: bool) -> None:
    """Close an account or open it again; nobody closes his own."""
    policy.require(actor, permissions.PEOPLE_MANAGE, _home(account))
    if account.pk == actor.pk:
        raise Problem("own-account", _("You cannot close your own account. Ask another administrator."), status=409)
    if account.is_active == active:
        return
    if active:
        service.reactivate(account)
    else:
        service.deactivate(account)
    _note("account.reopened" if active else "account.closed", actor, account, _home(account), {})


@transaction.atomic
def assign(
    actor: Account,
    account: Account,
    role: Role,
    division_path: str,
    *,
    valid_to: dt.datetime | None = None,
    purpose: str = "",
) -> RoleAssignment:
    """Give a role in a division; a separated duty needs its own right, and nobody gives a role to himself."""
    policy.require(actor, _right_for(role), division_path)
    if account.pk == actor.pk:
        raise Problem("own-role", _("You cannot give a role to yourself. Ask another administrator."), status=409)
    given = service.assign_role(account, role, division_path, valid_to=valid_to, assigned_by=actor.id)
    detail = {"role": role.name, "valid_to": valid_to.isoformat() if valid_to else None, "assignment": str(given.id)}
    _note("role.assigned", actor, account, division_path, detail, purpose)
    return given


@transaction.atomic
def end(actor: Account, assignment: RoleAssignment, *, purpose: str = "") -> None:
    """End a role now."""
    policy.require(actor, _right_for(assignment.role), assignment.division_path)
    service.end_assignment(assignment)
    detail = {"role": assignment.role.name, "assignment": str(assignment.id)}
    _note("role.ended", actor, assignment.account, assignment.division_path, detail, purpose)


def _right_for(role: Role) -> str:
    return permissions.PEOPLE_ASSIGN if role.duty == Duty.NONE else permissions.PEOPLE_ASSIGN_DUTY


def _home(account: Account) -> str:
    return account.organisation.division_path if account.organisation else ""


def _note(
    action: str, actor: Account, account: Account, division_path: str, detail: dict[str, Any], purpose: str = ""
) -> None:
    audit.record(
        action, actor_id=actor.id, object_type="account", object_id=account.id,
        division_path=division_path, purpose=purpose, detail=detail,
    )  # fmt: skip
