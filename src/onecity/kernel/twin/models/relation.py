"""The relation: how one entity stands to another, as an NGSI-LD Relationship does (4.5.3)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.twin.models.entity import Entity


class Relation(models.Model):
    """`source` stands in `kind` (such as `isPartOf`, `controls`) to `target`; seen by whoever sees both."""

    source = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="relations")
    kind = models.CharField(_("Relation"), max_length=63)
    target = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="inverse_relations")
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Relation")
        verbose_name_plural = _("Relations")
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "target"], name="relation_once"),
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="relation_not_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.target_id}"
