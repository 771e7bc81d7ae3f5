"""The series: one attribute of one entity, interned to a small integer, and its newest reading."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class Series(models.Model):
    """All readings of one attribute of one entity; its `id` stands for both in the log and in the store.

    Unit and range are those of the attribute's declaration, `late_after` and `max_age` those of the entity type, kept
    here so that gateways and pipeline need no manifest. `entity_key` is the entity's short name, accepted on the wire
    in place of the URN as long as it is unique. `origin` names the installation whose series it is where its readings come
    from another one, which judges them by its rules; empty for our own.
    """

    id = models.AutoField(primary_key=True)
    entity_id = models.UUIDField(db_index=True)
    entity_urn = models.CharField(_("Entity"), max_length=255, db_collation="C")
    entity_key = models.CharField(max_length=255, db_collation="C")
    entity_type = models.CharField(_("Entity type"), max_length=63)
    attribute = models.CharField(_("Attribute"), max_length=63)
    unit = models.CharField(_("Unit"), max_length=40)
    decimals = models.PositiveSmallIntegerField(default=1)
    minimum = models.FloatField(null=True, blank=True)
    maximum = models.FloatField(null=True, blank=True)
    max_age = models.DurationField()
    late_after = models.DurationField()
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    device_id = models.UUIDField(null=True, blank=True, db_index=True)
    public = models.BooleanField(_("Open to everybody"), default=False)
    active = models.BooleanField(default=True)
    origin = models.CharField(max_length=64, default="", db_default="", editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Series")
        verbose_name_plural = _("Series")
        constraints = [
            models.UniqueConstraint(fields=["entity_id", "attribute"], name="series_once"),
            models.UniqueConstraint(fields=["entity_urn", "attribute"], name="series_urn_once"),
        ]
        indexes = [
            models.Index(fields=["division_path", "id"], name="series_by_division"),
            models.Index(fields=["entity_type", "attribute"], name="series_by_attribute"),
            models.Index(fields=["changed_at"], name="series_by_change"),
        ]

    def __str__(self) -> str:
        return f"{self.entity_urn} {self.attribute}"


class Latest(models.Model):
    """The newest reading of a series, written by the pipeline in the transaction that stores it."""

    series = models.OneToOneField(Series, primary_key=True, on_delete=models.CASCADE, related_name="latest")
    observed_at = models.DateTimeField()
    value = models.FloatField()

    class Meta:
        verbose_name = _("Newest reading")
        verbose_name_plural = _("Newest readings")

    def __str__(self) -> str:
        return f"{self.series_id}: {self.value} ({self.observed_at:%Y-%m-%d %H:%M:%S}Z)"
