"""The change log: what was written to which entity, from which history, subscriptions and audit are served."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Operation(models.IntegerChoices):
    """What a change did to its entity."""

    CREATED = 1, _("Created")
    UPDATED = 2, _("Updated")
    DELETED = 3, _("Deleted")
    ATTRIBUTES_DELETED = 4, _("Attributes deleted")
    # the newest readings of watched series: their history is the telemetry store, not this log
    MEASURED = 5, _("Measured")


class Change(models.Model):
    """One write to one entity, written in the same transaction; never changed, dropped by the day when too old.

    `changes`: stored attribute name → its instances afterwards, null where the attribute is gone; `previous` the same
    names before. The keys `type` and `scope` stand for these members (lists). Read in the order of (txid, id), and only
    below `pg_snapshot_xmin`, see notify.feed. The table is partitioned by the UTC day of `at`.
    """

    append_only: ClassVar[bool] = True

    id = models.BigIntegerField(primary_key=True)
    txid = models.BigIntegerField()  # xid8 in the database
    at = models.DateTimeField()
    tenant = models.TextField(db_collation="C")
    entity_id = models.UUIDField()
    urn = models.TextField(db_collation="C")
    types = ArrayField(models.TextField())
    operation = models.SmallIntegerField(choices=Operation.choices)
    changes: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    previous: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)
    division_path = models.TextField(db_collation="C")
    public = models.BooleanField()

    class Meta:
        managed = False
        db_table = "twin_change"
        verbose_name = _("Change of an entity")
        verbose_name_plural = _("Changes of entities")

    def __str__(self) -> str:
        return f"{self.urn} {self.at:%Y-%m-%d %H:%M:%S}Z"
