"""How many nodes of the network a division should have."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


def today() -> dt.date:
    """The day it is here."""
    return now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()


class CoverageTarget(models.Model):
    """At least `nodes` nodes of a kind ("": of any) in each village below a division; the nearest statement counts, and of
    that division the latest that is in force."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    entity_type = models.CharField(_("Measures as"), max_length=80, blank=True, db_collation="C")
    nodes = models.PositiveIntegerField(_("Nodes a village"))
    valid_from = models.DateField(_("In force from"), default=today)
    changed_by = models.UUIDField(null=True, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Target of coverage")
        verbose_name_plural = _("Targets of coverage")
        ordering = ("division_path", "entity_type", "valid_from")
        constraints = [
            models.UniqueConstraint(fields=["division_path", "entity_type", "valid_from"], name="coverage_target_once")
        ]

    def __str__(self) -> str:
        return f"{self.division_path} {self.entity_type}: {self.nodes}"
