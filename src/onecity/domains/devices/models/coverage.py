"""How many nodes of the network a division should have."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class CoverageTarget(models.Model):
    """At least `nodes` nodes of a kind ("": of any) in each village below a division; the nearest statement counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    entity_type = models.CharField(_("Measures as"), max_length=80, blank=True, db_collation="C")
    nodes = models.PositiveIntegerField(_("Nodes a village"))
    changed_by = models.UUIDField(null=True, editable=False)
    changed_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Target of coverage")
        verbose_name_plural = _("Targets of coverage")
        ordering = ("division_path", "entity_type")
        constraints = [models.UniqueConstraint(fields=["division_path", "entity_type"], name="coverage_target_once")]

    def __str__(self) -> str:
        return f"{self.division_path} {self.entity_type}: {self.nodes}"
