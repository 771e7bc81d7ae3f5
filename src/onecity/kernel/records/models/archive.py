"""Packages of the archive, what happened to each, and who may read which one in the reading room."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class PackageState(models.TextChoices):
    """Where a package stands."""

    KEPT = "kept", _("Kept")
    PROPOSED = "proposed", _("Disposal proposed")
    DISPOSED = "disposed", _("Disposed of")


class Soundness(models.TextChoices):
    """What the last look at the bytes found."""

    SOUND = "sound", _("Sound")
    DAMAGED = "damaged", _("Damaged")
    MISSING = "missing", _("Missing")


class ArchivePackage(models.Model):
    """One closed matter as it was taken into the archive; its bytes lie in a file named by their digest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source_key = models.CharField(max_length=200, unique=True)
    call_number = models.CharField(_("File number"), max_length=80, unique=True)
    fonds = models.CharField(max_length=18)
    year = models.PositiveSmallIntegerField()
    order = models.PositiveIntegerField()
    number = models.CharField(_("Number of the matter"), max_length=64, db_index=True)
    kind = models.CharField(_("Kind"), max_length=64)
    title = models.CharField(_("Title"), max_length=300)
    office = models.CharField(_("Office"), max_length=200)
    division_path = models.TextField(_("Division"), db_collation="C")
    outcome = models.CharField(_("Outcome"), max_length=100)
    restricted = models.BooleanField(default=True)
    retention = models.CharField(max_length=4)
    kept_until = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField()
    archived_at = models.DateTimeField(default=now)
    size = models.BigIntegerField()
    files = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    report = models.JSONField()
    state = models.CharField(max_length=10, choices=PackageState.choices, default=PackageState.KEPT)
    held = models.BooleanField(default=False)
    soundness = models.CharField(max_length=10, choices=Soundness.choices, default=Soundness.SOUND)
    looked_at = models.DateTimeField(default=now)
    search = SearchVectorField(null=True)

    class Meta:
        verbose_name = _("Archived matter")
        verbose_name_plural = _("Archived matters")
        constraints = [models.UniqueConstraint(fields=["fonds", "year", "order"], name="archive_order_once")]
        indexes = [
            models.Index(fields=["division_path", "-archived_at"], name="archive_by_place"),
            models.Index(fields=["looked_at"], name="archive_by_look", condition=~models.Q(state="disposed")),
            models.Index(fields=["kept_until"], name="archive_by_end", condition=models.Q(state="kept")),
            GinIndex(fields=["search"], name="archive_search"),
        ]

    def __str__(self) -> str:
        return self.call_number


class ArchiveEvent(models.Model):
    """What happened to a package: taken in, read, exported, looked at, proposed, disposed of."""

    append_only = True

    id = models.BigAutoField(primary_key=True)
    package = models.ForeignKey(ArchivePackage, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=now)
    what = models.CharField(max_length=32)
    actor_id = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["package", "-at"], name="archive_event_by_package")]

    def __str__(self) -> str:
        return f"{self.package_id} {self.what}"


class ReadingRequest(models.Model):
    """That somebody asks to read a restricted package, what for, and who let him until when."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    package = models.ForeignKey(ArchivePackage, on_delete=models.PROTECT, related_name="requests")
    reader_id = models.UUIDField()
    purpose = models.CharField(_("What for"), max_length=300)
    asked_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_id = models.UUIDField(null=True, blank=True)
    allowed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Request to read")
        verbose_name_plural = _("Requests to read")
        constraints = [
            models.UniqueConstraint(
                fields=["package", "reader_id"], name="archive_one_open_request", condition=models.Q(decided_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.reader_id} → {self.package_id}"
