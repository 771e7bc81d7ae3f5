"""Roles and who holds them where: the data from which every right of an account is derived."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models.account import Account


class Duty(models.TextChoices):
    """Duties that no one person may hold together (三员分立: system, security and audit administrator)."""

    NONE = "", _("None")
    SYSTEM = "system", _("System administration")
    SECURITY = "security", _("Security administration")
    AUDIT = "audit", _("Audit")


class Role(models.Model):
    """A named bundle of permissions, for example the case handler of a town."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.SlugField(_("Short name"), max_length=64, unique=True)
    title = models.CharField(_("Name"), max_length=120)
    permissions = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    duty = models.CharField(max_length=10, choices=Duty.choices, default=Duty.NONE, blank=True)

    class Meta:
        verbose_name = _("Role")
        verbose_name_plural = _("Roles")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title


class RoleAssignment(models.Model):
    """That an account holds a role in a division and all below it, from one instant and perhaps until another."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="role_assignments")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="assignments")
    division_path = models.TextField(_("Division"), blank=True, db_collation="C", db_index=True)
    valid_from = models.DateTimeField(default=now)
    valid_to = models.DateTimeField(null=True, blank=True)
    assigned_by_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Role assignment")
        verbose_name_plural = _("Role assignments")
        ordering = ["division_path", "valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")),
                name="role_assignment_ends_after_it_begins",
            ),
            models.UniqueConstraint(
                fields=["account", "role", "division_path", "valid_from"], name="role_assignment_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} · {self.role} · {self.division_path or '*'}"
