"""The entity: a thing of the city that is observed or acted upon, where it stands and whose it is."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class EntityStatus(models.TextChoices):
    """Whether the thing is in service."""

    ACTIVE = "active", _("In service")
    RETIRED = "retired", _("Out of service")


class Entity(models.Model):
    """One thing of the city. `urn` is its name for every other system (NGSI-LD 4.6.2: `urn:ngsi-ld:<type>:<key>`).

    Position is WGS-84 degrees, None where the thing has no fixed place. Rows are seen by those who hold
    `entities.view` over the division; public ones by everybody.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    urn = models.CharField(max_length=255, unique=True, db_collation="C")
    type = models.CharField(_("Type"), max_length=63)
    key = models.CharField(_("Key"), max_length=180, db_collation="C")
    name = models.CharField(_("Name"), max_length=200)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    lon = models.FloatField(_("Longitude"), null=True, blank=True)
    lat = models.FloatField(_("Latitude"), null=True, blank=True)
    properties: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    device_id = models.UUIDField(null=True, blank=True)
    public = models.BooleanField(_("Open to everybody"), default=False)
    status = models.CharField(_("Status"), max_length=10, choices=EntityStatus.choices, default=EntityStatus.ACTIVE)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Entity")
        verbose_name_plural = _("Entities")
        constraints = [
            models.UniqueConstraint(fields=["type", "key"], name="entity_key_once"),
            models.CheckConstraint(
                condition=models.Q(lon__isnull=True, lat__isnull=True)
                | models.Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="entity_position_possible",
            ),
        ]
        indexes = [
            models.Index(fields=["division_path", "type", "name", "id"], name="entity_by_division"),
            models.Index(fields=["type", "name", "id"], name="entity_by_type"),
            models.Index(fields=["changed_at"], name="entity_by_change"),
        ]

    def __str__(self) -> str:
        return self.name
