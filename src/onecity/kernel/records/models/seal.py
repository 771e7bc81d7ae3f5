"""The custody of seals: what seals there are, who may use which for what, who agreed, and every single use."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class SealState(models.TextChoices):
    """Whether a seal may be used; a destroyed one never comes back."""

    ACTIVE = "active", _("In use")
    SUSPENDED = "suspended", _("Out of use for now")
    DESTROYED = "destroyed", _("Destroyed")


class SubjectKind(models.TextChoices):
    """What a seal is put on."""

    CERTIFICATE = "certificate", _("Certificates of a kind")
    CASE = "case", _("Documents of a kind of case")


class Seal(models.Model):
    """One electronic seal (电子印章): its signed structure, its picture, and where its key is; the key itself is elsewhere."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(_("Number of the seal"), max_length=40, unique=True)
    name = models.CharField(_("Name on the seal"), max_length=40)
    organisation_id = models.UUIDField(null=True, blank=True, db_index=True)
    division_path = models.TextField(_("Division"), db_collation="C", db_index=True)
    structure = models.BinaryField()
    picture = models.BinaryField()
    certificate = models.BinaryField()
    serial = models.CharField(max_length=40, unique=True)
    key_reference = models.CharField(max_length=120)
    demonstration = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=SealState.choices, default=SealState.ACTIVE)
    state_since = models.DateTimeField(default=now)
    valid_from = models.DateTimeField(_("Valid from"))
    valid_until = models.DateTimeField(_("Valid until"))
    made_at = models.DateTimeField(default=now)
    made_by_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("Seal")
        verbose_name_plural = _("Seals")
        ordering = ("name", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until__gt=models.F("valid_from")), name="seal_ends_after_it_begins"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SealGrant(models.Model):
    """Leave to use a seal for one kind of thing: to one account, or to the system itself when a rule decided (no account)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="grants")
    account_id = models.UUIDField(null=True, blank=True, db_index=True)
    subject_kind = models.CharField(max_length=12, choices=SubjectKind.choices)
    subject_code = models.CharField(max_length=120)
    needs_approval = models.BooleanField(default=False)
    valid_from = models.DateTimeField(_("Valid from"), default=now)
    valid_until = models.DateTimeField(_("Valid until"), null=True, blank=True)
    granted_by_id = models.UUIDField(null=True, blank=True)
    granted_at = models.DateTimeField(default=now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Leave to use a seal")
        verbose_name_plural = _("Leaves to use seals")
        ordering = ("granted_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(account_id__isnull=False) | models.Q(needs_approval=False),
                name="seal_grant_to_the_system_asks_nobody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.seal_id} {self.subject_kind}:{self.subject_code}"


class RequestState(models.TextChoices):
    """How far a request to use a seal is."""

    WAITING = "waiting", _("Waiting")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Not agreed to")
    USED = "used", _("Used")


class SealRequest(models.Model):
    """A request to put a seal on one document, known by its digest; somebody else agrees or refuses."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="requests")
    requested_by_id = models.UUIDField()
    requested_at = models.DateTimeField(default=now)
    subject_kind = models.CharField(max_length=12, choices=SubjectKind.choices)
    subject_code = models.CharField(max_length=120)
    case_id = models.UUIDField(null=True, blank=True)
    purpose = models.CharField(_("Purpose"), max_length=200)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=RequestState.choices, default=RequestState.WAITING)
    decided_by_id = models.UUIDField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(_("Note"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("Request to use a seal")
        verbose_name_plural = _("Requests to use seals")
        ordering = ("requested_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by_id__isnull=True) | ~models.Q(decided_by_id=models.F("requested_by_id")),
                name="seal_request_decided_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting") | models.Q(decided_by_id__isnull=False),
                name="seal_request_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seal_id} {self.state}"


class SealUse(models.Model):
    """One use of a seal: by whom, when, for what, on which bytes (SM3 before and after)."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="uses")
    grant = models.ForeignKey(SealGrant, on_delete=models.PROTECT, related_name="uses")
    request = models.OneToOneField(SealRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="use")
    actor_id = models.UUIDField(null=True, blank=True, db_index=True)
    used_at = models.DateTimeField(default=now)
    subject_kind = models.CharField(max_length=12, choices=SubjectKind.choices)
    subject_code = models.CharField(max_length=120)
    case_id = models.UUIDField(null=True, blank=True, db_index=True)
    purpose = models.CharField(_("Purpose"), max_length=200)
    format = models.CharField(max_length=4)
    digest_before = models.CharField(max_length=64)
    digest_after = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("Use of a seal")
        verbose_name_plural = _("Uses of seals")
        ordering = ("-used_at", "-id")
        indexes = [models.Index(fields=["seal", "-used_at"], name="seal_use_recent")]

    def __str__(self) -> str:
        return f"{self.seal_id} {self.used_at:%Y-%m-%d %H:%M}"
