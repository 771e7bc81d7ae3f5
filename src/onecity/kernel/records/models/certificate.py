"""Certificates, what happened to each, and where their states are published."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class State(models.TextChoices):
    """Where a certificate stands; that it has expired follows from its last day."""

    VALID = "valid", pgettext_lazy("certificate", "Valid")
    SUSPENDED = "suspended", pgettext_lazy("certificate", "Suspended")
    REVOKED = "revoked", pgettext_lazy("certificate", "Revoked")
    REPLACED = "replaced", pgettext_lazy("certificate", "Replaced")


class HolderKind(models.TextChoices):
    """Who may hold a certificate."""

    PERSON = "person", _("Person")
    COMPANY = "company", _("Company")


class Certificate(models.Model):
    """One certificate. What is signed never changes; its state changes with an event of the history only.

    `claims` holds what may be read by whoever sees the row; what is sensitive, the identity number and the disclosures
    of the signed data are in `sealed`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(_("Number"), max_length=140, unique=True)
    type_code = models.CharField(_("Kind"), max_length=64)
    type_version = models.PositiveIntegerField()
    version = models.PositiveSmallIntegerField(_("Version"))
    serial = models.CharField(max_length=64)
    issuer_uscc = models.CharField(_("Issuer"), max_length=18)
    issuer_name = models.CharField(max_length=200, blank=True)
    division_path = models.CharField(max_length=200, db_collation="C")
    holder_kind = models.CharField(max_length=10, choices=HolderKind.choices)
    holder_name = models.CharField(_("Holder"), max_length=200)
    identity_hash = models.CharField(max_length=64)
    account_id = models.UUIDField(null=True, blank=True)
    claims = models.JSONField(default=dict)
    sealed = models.BinaryField()
    signed = models.TextField()
    """The signed part of the SD-JWT VC; with the disclosures of `sealed` it is the whole."""
    kid = models.CharField(max_length=64)
    status_list = models.PositiveIntegerField()
    status_index = models.PositiveIntegerField()
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.VALID)
    step = models.PositiveIntegerField(default=1)
    """How many events its history has."""
    valid_from = models.DateField(_("Valid from"))
    valid_until = models.DateField(_("Valid until"), null=True, blank=True)
    issued_at = models.DateTimeField(_("Issued"), default=now)
    replaces_id = models.UUIDField(null=True, blank=True, unique=True)
    source_key = models.CharField(max_length=200, unique=True)
    case_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("Certificate")
        verbose_name_plural = _("Certificates")
        indexes = [
            models.Index(fields=["identity_hash", "-issued_at"], name="certificate_identity"),
            models.Index(
                fields=["account_id", "-issued_at"],
                name="certificate_account",
                condition=models.Q(account_id__isnull=False),
            ),
            models.Index(fields=["case_id"], name="certificate_case", condition=models.Q(case_id__isnull=False)),
            models.Index(fields=["-issued_at", "-id"], name="certificate_newest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["status_list", "status_index"], name="certificate_status_once"),
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=models.F("valid_from")),
                name="certificate_ends_after_start",
            ),
            models.CheckConstraint(condition=~models.Q(division_path=""), name="certificate_has_division"),
        ]

    def __str__(self) -> str:
        return self.number


class CertificateEvent(models.Model):
    """One step in the life of a certificate: what was done, by whom, why."""

    append_only: ClassVar[bool] = True

    id = models.BigAutoField(primary_key=True)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="events")
    step = models.PositiveIntegerField()
    at = models.DateTimeField(default=now)
    actor_id = models.UUIDField(null=True, blank=True)
    action = models.CharField(max_length=20)
    from_state = models.CharField(max_length=10, blank=True)
    to_state = models.CharField(max_length=10)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("Event of a certificate")
        verbose_name_plural = _("Events of certificates")
        ordering = ("step",)
        constraints = [
            models.UniqueConstraint(fields=["certificate", "step"], name="certificate_event_once"),
            models.UniqueConstraint(fields=["certificate", "step", "to_state"], name="certificate_event_pointer"),
        ]

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.step} {self.action}"


class StatusList(models.Model):
    """The states of some certificates, two bits each, without a word about whose they are (IETF Token Status List)."""

    id = models.PositiveIntegerField(primary_key=True)
    bits = models.BinaryField()
    updated_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Status list")
        verbose_name_plural = _("Status lists")

    def __str__(self) -> str:
        return str(self.id)
