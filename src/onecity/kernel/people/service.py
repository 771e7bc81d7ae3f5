"""What is done to accounts and roles; whoever calls from a page goes through access.administration, which asks and records."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account, AssuranceLevel, Duty, Organisation, Role, RoleAssignment


def create_account(
    username: str,
    *,
    display_name: str,
    password: str | None = None,
    organisation: Organisation | None = None,
    **fields: Any,
) -> Account:
    """A new account, checked field by field; raises a problem (422) that names each wrong one.

    `password=None`: nothing signs in until one is set. `fields`: further columns of the account (email, phone, …).
    """
    account = Account(
        username=Account.normalize_username(username).strip().lower(),
        display_name=display_name.strip(),
        organisation=organisation,
        **fields | {"email": str(fields.get("email", "")).strip().lower()},
    )
    account.set_password(password)
    wrong = _wrong_fields(account, password)
    if wrong:
        raise Problem("invalid-account", _("The account was not created."), status=422, errors=wrong)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
    except IntegrityError as error:
        raise Problem(
            "account-exists", _("This user name, e-mail address or phone number is taken."), status=409
        ) from error
    return account


def deactivate(account: Account) -> None:
    """Close an account: it can no longer sign in and its rights end at once; what it did stays under its name."""
    Account.objects.filter(pk=account.pk).update(is_active=False)
    account.is_active = False


def reactivate(account: Account) -> None:
    """Open a closed account again, with the roles it still holds."""
    Account.objects.filter(pk=account.pk).update(is_active=True)
    account.is_active = True


def set_assurance(account: Account, level: AssuranceLevel, *, at: dt.datetime | None = None) -> None:
    """Note how surely the person is known now; called by whatever has checked it, never by a form for the level."""
    account.assurance_level = level
    account.assured_at = at or now()
    account.save(update_fields=["assurance_level", "assured_at"])


def assign_role(
    account: Account,
    role: Role | str,
    division_path: str,
    *,
    valid_from: dt.datetime | None = None,
    valid_to: dt.datetime | None = None,
    assigned_by: UUID | None = None,
) -> RoleAssignment:
    """Give an account a role in a division and all below it (`""`: everywhere); the same again changes nothing.

    Raises a problem: 404 for an unknown role, 422 for an end before the beginning, 409 for a second separated duty.
    """
    held_role = role if isinstance(role, Role) else role_named(role)
    begins = valid_from or now()
    if valid_to is not None and valid_to <= begins:
        wrong = FieldError("valid_to", _("The end must lie after the beginning."))
        raise Problem("invalid-dates", _("A role cannot end before it begins."), status=422, errors=[wrong])
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)  # two assignments at once must see each other
        _refuse_two_duties(account, held_role, begins, valid_to)
        same = (
            current_assignments(account).filter(role=held_role, division_path=division_path, valid_to=valid_to).first()
        )
        if same is not None and valid_from is None:
            return same
        return RoleAssignment.objects.create(
            account=account, role=held_role, division_path=division_path,
            valid_from=begins, valid_to=valid_to, assigned_by_id=assigned_by,
        )  # fmt: skip


def end_assignment(assignment: RoleAssignment, *, at: dt.datetime | None = None) -> None:
    """End a role now (or at `at`); the row stays as the record of who held it. One that has not begun is removed."""
    end = at or now()
    if end <= assignment.valid_from:
        assignment.delete()
        return
    assignment.valid_to = end
    assignment.save(update_fields=["valid_to"])


def current_assignments(account: Account) -> QuerySet[RoleAssignment]:
    """The roles that the account holds now."""
    at = now()
    return account.role_assignments.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=at), valid_from__lte=at)


def role_named(name: str) -> Role:
    """The role of this short name; raises a problem (404)."""
    role = Role.objects.filter(name=name).first()
    if role is None:
        raise Problem("unknown-role", _("There is no role “%(name)s”.") % {"name": name}, status=404)
    return role


def organisation(code: str, name: str, *, division_path: str = "", parent: Organisation | None = None) -> Organisation:
    """The organisation of this code with this name and place, created or brought up to date."""
    values: Mapping[str, Any] = {"name": name, "division_path": division_path, "parent": parent}
    found, _created = Organisation.objects.update_or_create(code=code, defaults=values)
    return found


def _refuse_two_duties(account: Account, role: Role, begins: dt.datetime, ends: dt.datetime | None) -> None:
    if role.duty == Duty.NONE:
        return
    others = account.role_assignments.exclude(role__duty__in=[Duty.NONE, role.duty])
    others = others.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=begins))
    if ends is not None:
        others = others.filter(valid_from__lt=ends)
    other = others.select_related("role").first()
    if other is not None:
        raise Problem(
            "duties-apart",
            _("One person cannot hold “%(first)s” and “%(second)s” together.")
            % {"first": other.role.title, "second": role.title},
            status=409,
            detail=_("System, security and audit administration are kept apart. End the other role first."),
        )


def _wrong_fields(account: Account, password: str | None) -> list[FieldError]:
    wrong: list[FieldError] = []
    try:
        account.full_clean()
    except ValidationError as error:
        for field, errors in error.error_dict.items():
            wrong += [FieldError(_place(field, e.code), e.messages[0]) for e in errors]
    if password is not None:
        try:
            validate_password(password, account)
        except ValidationError as error:
            wrong += [FieldError("password", message) for message in error.messages]
    return wrong


def _place(field: str, code: str | None) -> str:
    """A constraint of the table names in its code the field that it is about."""
    return (code or "") if field == NON_FIELD_ERRORS else field
