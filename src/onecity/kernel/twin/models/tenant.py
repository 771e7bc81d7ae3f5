"""The tenants of NGSI-LD (4.14): separate sets of entities behind one door, told apart by the header NGSILD-Tenant."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class Tenant(models.Model):
    """A tenant other than the default one; it comes into being with the first entity written to it (5.5.10)."""

    name = models.TextField(primary_key=True, db_collation="C")
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("Tenant")
        verbose_name_plural = _("Tenants")

    def __str__(self) -> str:
        return self.name
