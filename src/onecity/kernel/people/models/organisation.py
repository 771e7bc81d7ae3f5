"""The organisation tree: bureaus, town governments, committees and companies that accounts belong to."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.ids import new_id


class Organisation(models.Model):
    """One body with its place in the tree of bodies and the division it answers for."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(_("Code"), max_length=64, unique=True)
    name = models.CharField(_("Name"), max_length=200)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    division_path = models.TextField(_("Division"), blank=True, db_collation="C", db_index=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("Organisation")
        verbose_name_plural = _("Organisations")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")),
                name="organisation_not_its_own_parent",
            )
        ]

    def __str__(self) -> str:
        return self.name
