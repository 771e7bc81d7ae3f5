"""Units of the field: crews and vehicles that are sent to urgent cases, where they are and what they are doing."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.models.case import Case
from onecity.kernel.core.ids import new_id


class UnitState(models.TextChoices):
    """What a unit is doing."""

    FREE = "free", _("Free")
    ASSIGNED = "assigned", _("Sent for")
    ON_THE_WAY = "on_the_way", _("On the way")
    ON_THE_SPOT = "on_the_spot", _("On the spot")
    OFF = "off", _("Off duty")


class Unit(models.Model):
    """A crew or vehicle with one phone, which is signed in as `account_id`: cases are given to this account.

    `skills`: codes of what it can do (see skills.py). `lon`, `lat` is the last position that the phone reported, at
    `reported_at`; no track is kept, since where people were is nobody's business later. `station_*`: where it waits.
    `shift_start`, `shift_end`: between them it can be sent (empty: always). `arrives_at`: when it is expected at `case`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Name"), max_length=80)
    account_id = models.UUIDField(unique=True)
    organisation_id = models.UUIDField(null=True, blank=True)
    division_path = models.TextField(_("Division"), db_collation="C")
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    station_lon = models.FloatField(null=True, blank=True)
    station_lat = models.FloatField(null=True, blank=True)
    shift_start = models.DateTimeField(null=True, blank=True)
    shift_end = models.DateTimeField(null=True, blank=True)
    state = models.CharField(_("State"), max_length=16, choices=UnitState.choices, default=UnitState.FREE)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, blank=True, related_name="units")
    sent_at = models.DateTimeField(null=True, blank=True)
    arrives_at = models.DateTimeField(null=True, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    accuracy_m = models.FloatField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    simulated = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("Field unit")
        verbose_name_plural = _("Field units")
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["division_path", "name"], name="case_unit_place")]
        constraints = [
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True) | Q(lon__isnull=False, lat__isnull=False),
                name="case_unit_point_whole",
            ),
            models.CheckConstraint(
                condition=Q(case__isnull=False) | Q(state__in=["free", "off"]), name="case_unit_has_its_case"
            ),
        ]

    def __str__(self) -> str:
        return self.name
