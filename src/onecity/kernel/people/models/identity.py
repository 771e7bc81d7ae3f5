"""Who somebody is before the law, and who may act for whom: natural persons, companies, and the mandates between them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models.account import Account


class PartyKind(models.TextChoices):
    """Which number somebody is known by."""

    PERSON = "person", _("Person")
    COMPANY = "company", _("Company or other body")


class IdentitySource(models.TextChoices):
    """Who confirmed an identity or a mandate."""

    REGISTER = "register", _("Register of the authority")
    COUNTER = "counter", _("Seen at the counter")
    PARTY = "party", _("Given by the person concerned")


class Identity(models.Model):
    """One person or body with its number, sealed: found by its fingerprint, opened only for a stated purpose.

    A person who signs in has one account; a child or a company has none and is acted for by others.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.OneToOneField(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="identity")
    kind = models.CharField(max_length=10, choices=PartyKind.choices)
    name = models.CharField(_("Name"), max_length=200)
    number_sealed = models.BinaryField()
    fingerprint = models.CharField(max_length=64, db_collation="C")
    shown = models.CharField(_("Number, its middle hidden"), max_length=24)
    born_on = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=10, choices=IdentitySource.choices)
    confirmed_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Identity")
        verbose_name_plural = _("Identities")
        constraints = [models.UniqueConstraint(fields=["kind", "fingerprint"], name="identity_number_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.shown})"


class MandateKind(models.TextChoices):
    """By what right somebody acts for another."""

    REPRESENTATIVE = "representative", _("Legal representative")
    GUARDIAN = "guardian", _("Parent or guardian")
    AGENT = "agent", _("Authorised agent")


class Mandate(models.Model):
    """That an account may act for a party (代办): for which services, from when, until when, and who gave it.

    It holds once it is accepted and until it ends; rows are ended, never removed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    principal = models.ForeignKey(Identity, on_delete=models.PROTECT, related_name="mandates")
    agent = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="mandates")
    kind = models.CharField(max_length=16, choices=MandateKind.choices)
    services = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    source = models.CharField(max_length=10, choices=IdentitySource.choices)
    given_by_id = models.UUIDField(null=True, blank=True)
    valid_from = models.DateTimeField(default=now)
    valid_to = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("Mandate")
        verbose_name_plural = _("Mandates")
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")),
                name="mandate_ends_after_it_begins",
            ),
            models.UniqueConstraint(
                fields=["principal", "agent", "kind"],
                name="mandate_once_at_a_time",
                condition=models.Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent} → {self.principal}"
