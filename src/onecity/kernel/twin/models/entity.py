"""The entity: a thing of the city that is observed or acted upon, where it stands and whose it is."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class EntityStatus(models.TextChoices):
    """Whether the thing is in service."""

    ACTIVE = "active", _("In service")
    RETIRED = "retired", _("Out of service")


class BoxField(models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """PostgreSQL's `box`: the smallest rectangle (degrees) around a geometry, which a GiST index finds."""

    def db_type(self, connection: object) -> str:  # noqa: ARG002 - Django's signature
        """The column's type."""
        return "box"


class EntityManager(models.Manager["Entity"]):
    """The things of the city; copies of them in snapshots are no things."""

    def get_queryset(self) -> "models.QuerySet[Entity]":
        """All but what belongs to snapshots (see ngsild.snapshots)."""
        return super().get_queryset().exclude(tenant__startswith="snapshot:")


class Entity(models.Model):
    """One thing of the city. `urn` is its name for every other system (NGSI-LD 4.6.2: `urn:ngsi-ld:<type>:<key>`).

    Position is WGS-84 degrees, None where the thing has no fixed place. Rows are seen by those who hold
    `entities.view` over the division; public ones by everybody.

    `attributes` is the entity as NGSI-LD knows it (see ngsild.model), under stored names; `types` and `scopes` go with
    it. `type` is the declared kind of an entity of a manifest, else the first of `types`; `key` is empty where the
    entity came through NGSI-LD. `measured`: it has series, whose newest values are laid over `attributes` when read.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.TextField(db_default="", default="", blank=True, db_collation="C")
    urn = models.TextField(db_collation="C")
    type = models.TextField(_("Type"), db_collation="C")
    key = models.CharField(_("Key"), max_length=180, db_collation="C", blank=True)
    name = models.TextField(_("Name"))
    types = ArrayField(models.TextField(), db_default=models.Value("{}"), default=list, blank=True)
    scopes = ArrayField(models.TextField(), db_default=models.Value("{}"), default=list, blank=True)
    attributes: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(
        db_default=models.Value({}, models.JSONField()), default=dict, blank=True
    )
    extent = BoxField(null=True, blank=True, editable=False)
    measured = models.BooleanField(db_default=False, default=False, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    # the first moment at which the entity or one of its attributes has to vanish
    perishes_at = models.DateTimeField(null=True, blank=True, editable=False)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    lon = models.FloatField(_("Longitude"), null=True, blank=True)
    lat = models.FloatField(_("Latitude"), null=True, blank=True)
    properties: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    device_id = models.UUIDField(null=True, blank=True)
    public = models.BooleanField(_("Open to everybody"), default=False)
    status = models.CharField(_("Status"), max_length=10, choices=EntityStatus.choices, default=EntityStatus.ACTIVE)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    objects = EntityManager()

    class Meta:
        verbose_name = _("Entity")
        verbose_name_plural = _("Entities")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "urn"], name="entity_urn_once"),
            models.UniqueConstraint(fields=["type", "key"], condition=~models.Q(key=""), name="entity_key_once"),
            models.CheckConstraint(
                condition=models.Q(lon__isnull=True, lat__isnull=True)
                | models.Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="entity_position_possible",
            ),
        ]
        indexes = [
            # none on a column that a usual change touches: the update then stays within its page (HOT)
            models.Index(fields=["division_path", "type", "name", "id"], name="entity_by_division"),
            models.Index(fields=["type", "name", "id"], name="entity_by_type"),
            # with what queries ask beside the place: the rows themselves lie scattered
            GistIndex(
                fields=["extent"],
                include=["urn", "id", "tenant", "types", "division_path", "public", "expires_at"],
                name="entity_by_place",
            ),
            models.Index(fields=["id"], condition=models.Q(measured=True), name="entity_measured"),
            models.Index(
                fields=["perishes_at"], condition=models.Q(perishes_at__isnull=False), name="entity_perishing"
            ),
        ]

    def __str__(self) -> str:
        return self.name
