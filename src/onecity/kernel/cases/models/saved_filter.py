"""A list of cases that somebody looks at again and again, kept under a name of his own."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class SavedFilter(models.Model):
    """The filter as the address of the list says it, so that whoever gets the address sees the same list under his own
    rights."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    name = models.CharField(_("Name"), max_length=40)
    query = models.CharField(max_length=1000)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Saved filter")
        verbose_name_plural = _("Saved filters")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account_id", "name"], name="case_filter_name_once")]

    def __str__(self) -> str:
        return self.name
