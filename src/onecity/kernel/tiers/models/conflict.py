"""Cases that are at home on the other side, what was asked to be done to them, and every conflict with both values."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Away(models.Model):
    """A case whose home is the other side of a link: its history is written there, and followed here."""

    derived: ClassVar[bool] = True

    case_id = models.UUIDField(primary_key=True)
    peer_id = models.CharField(max_length=32, db_collation="C")
    since = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Case of the other side")
        verbose_name_plural = _("Cases of the other side")

    def __str__(self) -> str:
        return f"{self.case_id} {self.peer_id}"


class ActState(models.TextChoices):
    """What became of an act on a case of the other side."""

    WAITING = "waiting", _("On its way")
    DONE = "done", _("Act done")
    REJECTED = "rejected", _("Not accepted")


class Act(models.Model):
    """What somebody did to a case whose home is the other side: handed over there, done or rejected there, answered.

    `outgoing` on the side where it was done. `version` is the version of the case that the person looked at.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    peer_id = models.CharField(max_length=32, db_collation="C")
    outgoing = models.BooleanField()
    case_id = models.UUIDField(db_index=True)
    division_path = models.CharField(max_length=255, db_collation="C")
    version = models.PositiveIntegerField()
    action = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    data: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)
    actor_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=ActState.choices, default=ActState.WAITING)
    answer = models.CharField(max_length=300, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Act on a case of the other side")
        verbose_name_plural = _("Acts on cases of the other side")
        indexes = [models.Index(fields=["case_id", "at"], name="tiers_act_of_case")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.action} {self.state}"


class Winner(models.TextChoices):
    """Whose value holds now."""

    TOWN = "town", _("The town's")
    DISTRICT = "district", _("The district's")
    BOTH = "both", _("Both: one after the other")


class Conflict(models.Model):
    """Both sides changed the same thing without knowing of each other: what each wrote, and which holds.

    `field` of an entity, or "state" of a case. `town` and `district` are the values (of a case: who did what); times are
    the hybrid logical clock's (µs). `rule` names the sentence of docs/tiers.md that decided.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    peer_id = models.CharField(max_length=32, db_collation="C")
    kind = models.CharField(max_length=8)
    division_path = models.CharField(max_length=255, db_collation="C")
    object_id = models.TextField(db_collation="C")
    title = models.CharField(max_length=300)
    field = models.TextField()
    town = models.JSONField(null=True)
    district = models.JSONField(null=True)
    town_at = models.BigIntegerField()
    district_at = models.BigIntegerField()
    winner = models.CharField(max_length=8, choices=Winner.choices)
    rule = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)
    found_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Conflict")
        verbose_name_plural = _("Conflicts")
        indexes = [
            models.Index(fields=["-found_at", "-id"], name="tiers_conflict_newest"),
            models.Index(fields=["object_id"], name="tiers_conflict_of"),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.field}: {self.winner}"
