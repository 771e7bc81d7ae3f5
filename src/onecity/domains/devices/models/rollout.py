"""Firmware and configuration, and how they reach many devices in stages."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models.group import DeviceGroup
from onecity.domains.devices.models.model import DeviceModel
from onecity.domains.devices.models.record import DeviceRecord
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class ReleaseKind(models.TextChoices):
    """What a release replaces in a device."""

    FIRMWARE = "firmware", _("Firmware")
    CONFIGURATION = "configuration", _("Configuration")


class Release(models.Model):
    """One version for one model; the file lies under its SHA-256 outside the web root."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("Kind"), max_length=14, choices=ReleaseKind.choices, default=ReleaseKind.FIRMWARE)
    model = models.ForeignKey(
        DeviceModel, verbose_name=_("Device model"), on_delete=models.PROTECT, related_name="releases"
    )
    version = models.CharField(_("Version"), max_length=40)
    notes = models.CharField(_("What is new"), max_length=500, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, db_collation="C", editable=False)
    size = models.PositiveIntegerField(editable=False)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    created_by = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = _("Release")
        verbose_name_plural = _("Releases")
        ordering = ("-created_at", "id")
        constraints = [models.UniqueConstraint(fields=["model", "kind", "version"], name="device_release_once")]

    def __str__(self) -> str:
        return self.version


class RolloutState(models.TextChoices):
    """How far a roll-out is; stopped: it ended itself because too many devices failed."""

    DRAFT = "draft", _("Not begun")
    RUNNING = "running", _("Under way")
    PAUSED = "paused", _("Paused")
    STOPPED = "stopped", _("Stopped by failures")
    DONE = "done", _("Complete")
    UNDONE = "undone", _("Rolled back")


class Rollout(models.Model):
    """A release on its way: first the canary group, then growing shares. Shares are fractions of 1.

    `percents` are the shares (per cent of all) after each stage that follows the canary. A stage ends well when
    `needed_share` of it confirmed; more than `failure_share` of it failed: everything stops.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="rollouts")
    group = models.ForeignKey(
        DeviceGroup, verbose_name=_("Devices"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    canary = models.ForeignKey(
        DeviceGroup,
        verbose_name=_("First to try it"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    percents: "models.JSONField[list[int], list[int]]" = models.JSONField(default=list)
    needed_share = models.FloatField(
        _("Share that must confirm"), default=0.9, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    failure_share = models.FloatField(
        _("Share that may fail"), default=0.1, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    hours = models.PositiveIntegerField(_("Hours that a device has"), default=24, validators=[MinValueValidator(1)])
    state = models.CharField(_("State"), max_length=8, choices=RolloutState.choices, default=RolloutState.DRAFT)
    stage = models.PositiveSmallIntegerField(_("Stage"), default=0)
    stages = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    created_by = models.UUIDField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("Roll-out")
        verbose_name_plural = _("Roll-outs")
        ordering = ("-created_at", "id")

    def __str__(self) -> str:
        return f"{self.release_id} {self.state}"


class TargetState(models.TextChoices):
    """What has become of one device of a roll-out."""

    WAITING = "waiting", _("Its turn comes later")
    SENT = "sent", _("Told to update")
    CONFIRMED = "confirmed", _("Updated")
    FAILED = "failed", _("Failed")
    UNDOING = "undoing", _("Told to go back")
    UNDONE = "undone", _("Went back")


class RolloutTarget(models.Model):
    """One device of a roll-out: its stage, the command that it was given, and the version that it had before."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rollout = models.ForeignKey(Rollout, on_delete=models.CASCADE, related_name="targets")
    record = models.ForeignKey(DeviceRecord, on_delete=models.CASCADE, related_name="+")
    stage = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=TargetState.choices, default=TargetState.WAITING)
    command_id = models.UUIDField(null=True)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    before = models.ForeignKey(Release, null=True, on_delete=models.PROTECT, related_name="+")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("Device of a roll-out")
        verbose_name_plural = _("Devices of a roll-out")
        constraints = [models.UniqueConstraint(fields=["rollout", "record"], name="device_rollout_once")]
        indexes = [models.Index(fields=["rollout", "stage", "state"], name="device_rollout_stage")]

    def __str__(self) -> str:
        return f"{self.record_id} {self.state}"
