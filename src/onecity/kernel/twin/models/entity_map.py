"""Entity maps (NGSI-LD 4.5.25): which sources know of which entities of one query, so that its pages stay the same."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class EntityMap(models.Model):
    """The entities that one query was about when it was first asked, in the order of their ids.

    `owner`: who may use it; `entries`: id → registrations, `@none` for the local store; `linked`: registration → the map
    that its source made; `kind`: entity or temporal.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.TextField(db_default="", default="", blank=True, db_collation="C")
    owner = models.TextField(db_collation="C")
    kind = models.CharField(max_length=10)
    entries: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    removed = ArrayField(models.TextField(), db_default=models.Value("{}"), default=list, blank=True)
    linked: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("Entity map")
        verbose_name_plural = _("Entity maps")
        indexes = [models.Index(fields=["tenant", "created_at"], name="entity_map_by_age")]

    def __str__(self) -> str:
        return str(self.id)
