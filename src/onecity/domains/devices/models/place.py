"""The model of a place: the nodes that belong to it, and what is known of how each of their series behaves."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class PlaceModel(models.Model):
    """A place (数联、智联): a division, or one thing of the city in it, whose series are learnt and foretold."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Name"), max_length=120)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    entity_id = models.UUIDField(_("Thing of the city"), null=True, blank=True)
    created_by = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    learnt_at = models.DateTimeField(_("Learnt"), null=True, editable=False)

    class Meta:
        verbose_name = _("Model of a place")
        verbose_name_plural = _("Models of places")
        ordering = ("name", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["division_path", "entity_id"], nulls_distinct=False, name="place_model_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SeriesModel(models.Model):
    """What one series usually shows, will show, and showed oddly. Arrays are little-endian float32, see logic.baseline.

    `baseline`: lower bound, median, upper bound of each hour of the week (3 × 168). `ahead`: expected value, lower and
    upper bound of each hour from `ahead_from` on (3 × 24). `error` and `naive_error`: mean absolute error of the forecast
    and of "as a day before" over the last `scored` hours, which neither had seen. `odd`: [ms since 1970, how odd] of hours.
    """

    derived = True

    series_id = models.IntegerField(primary_key=True)
    division_path = models.CharField(max_length=255, db_collation="C")
    learnt_at = models.DateTimeField()
    baseline = models.BinaryField()
    ahead = models.BinaryField()
    ahead_from = models.DateTimeField()
    error = models.FloatField(null=True)
    naive_error = models.FloatField(null=True)
    scored = models.PositiveIntegerField(default=0)
    odd: "models.JSONField[list[Any], list[Any]]" = models.JSONField(default=list)

    class Meta:
        verbose_name = _("Model of a series")
        verbose_name_plural = _("Models of series")

    def __str__(self) -> str:
        return f"{self.series_id}"
