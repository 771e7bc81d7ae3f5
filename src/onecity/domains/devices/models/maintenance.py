"""Work on devices that was asked for as a case: what for, when it was due, how it ended, what it cost."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class WorkKind(models.TextChoices):
    """Why somebody has to go to a device."""

    CALIBRATION = "calibration", _("Calibration")
    REPAIR = "repair", _("Repair")


class Maintenance(models.Model):
    """One visit, one case. `cause`: what it is about, so that it is asked for once (`calibration:<due date>`, a finding)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device_id = models.UUIDField()
    kind = models.CharField(_("Kind"), max_length=12, choices=WorkKind.choices)
    cause = models.CharField(max_length=60, db_collation="C")
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    due_at = models.DateTimeField(_("Due"))
    case_id = models.UUIDField(null=True)
    case_number = models.CharField(_("Case"), max_length=40, blank=True)
    opened_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(_("Done"), null=True)
    result = models.CharField(_("Result"), max_length=40, blank=True)
    cost = models.DecimalField(
        _("Cost (yuan)"), max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )

    class Meta:
        verbose_name = _("Work on a device")
        verbose_name_plural = _("Work on devices")
        ordering = ("-opened_at", "id")
        constraints = [models.UniqueConstraint(fields=["device_id", "cause"], name="device_work_once")]
        indexes = [
            models.Index(fields=["case_id"], condition=models.Q(done_at__isnull=True), name="device_work_open"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.cause}"
