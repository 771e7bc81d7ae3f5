"""Who is at the other end: the district's towns, or a town's district; how their link stands; what stays in a town."""

import datetime as dt
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Direction(models.TextChoices):
    """Whether the other installation stands above or below this one."""

    UP = "up", _("District")
    DOWN = "down", _("Town")


class PeerState(models.TextChoices):
    """How far a town has come to belong."""

    INVITED = "invited", _("Invited")
    JOINED = "joined", _("Belongs")
    REVOKED = "revoked", _("Link ended")


class Peer(models.Model):
    """One link. At the district a row for each town, at a town one row for the district; `code` names the town in both.

    `division_path` is the town's part of the district: what lies in it is the town's. `slot` is the place at the district's
    broker whose key the town has; of the one-time token only the SHA-256 is kept.
    """

    code = models.CharField(_("Town"), max_length=32, primary_key=True, db_collation="C")
    direction = models.CharField(max_length=4, choices=Direction.choices)
    name = models.CharField(_("Name"), max_length=200)
    division_path = models.CharField(_("Division"), max_length=255, db_collation="C")
    state = models.CharField(_("State"), max_length=8, choices=PeerState.choices, default=PeerState.INVITED)
    slot = models.PositiveIntegerField(null=True, blank=True, unique=True)
    token_hash = models.BinaryField(max_length=32, null=True, blank=True, editable=False)
    token_until = models.DateTimeField(null=True, blank=True)
    installation = models.UUIDField(null=True, blank=True)
    invited_at = models.DateTimeField(default=now)
    joined_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Link to another tier")
        verbose_name_plural = _("Links to other tiers")
        constraints = [
            models.UniqueConstraint(
                fields=["direction"], condition=models.Q(direction=Direction.UP), name="tiers_one_parent"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Link(models.Model):
    """How one link stands, written about once a second by the process that keeps it.

    `heard_at`: when the other side last answered; `connected`: whether it did within the last seconds. `waiting`: what
    this side has still to send, by channel; `behind`: what the other side has sent or holds ready and this side has not
    taken yet, by channel; `pace`: messages taken a second. `skew`: seconds by which the other clock is ahead.
    """

    derived: ClassVar[bool] = True

    peer = models.OneToOneField(Peer, primary_key=True, on_delete=models.CASCADE, related_name="link")
    heard_at = models.DateTimeField(null=True)
    connected = models.BooleanField(default=False)
    since = models.DateTimeField(default=now)
    waiting: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(default=dict)
    behind: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(default=dict)
    pace = models.FloatField(default=0.0)
    skew = models.FloatField(null=True)
    said: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("State of a link")
        verbose_name_plural = _("States of links")

    def __str__(self) -> str:
        return f"{self.peer_id} {'+' if self.connected else '-'}"

    @property
    def missing(self) -> int:
        """Messages that have not been taken yet, of both channels."""
        return sum(self.behind.values())

    @property
    def remaining(self) -> dt.timedelta | None:
        """How long catching up will take at the present pace; None where nobody can say."""
        return dt.timedelta(seconds=self.missing / self.pace) if self.pace > 0 else None


class Sharing(models.TextChoices):
    """What the district gets of something that happens in a town."""

    ALL = "all", _("Everything")
    AGGREGATE = "aggregate", _("Means of a period only")
    SUMMARY = "summary", _("A summary only")
    NONE = "none", _("Nothing")


class Policy(models.Model):
    """One line of what leaves a town: of a kind of thing, the most exact line that fits decides; without one all goes.

    `kind` "readings" looks at entity type, attribute and key, "entities" at entity type and key; "cases", "files" (of
    cases) and "reporters" (of cases: who they are, which alone stays without a line) at the type of case (in `type_name`).
    """

    KINDS: ClassVar = (
        ("readings", _("Readings")),
        ("entities", _("Devices and places")),
        ("cases", _("Cases")),
        ("files", _("Files of cases")),
        ("reporters", _("Who reported a case")),
    )

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("What"), max_length=12, choices=KINDS)
    type_name = models.CharField(_("Type"), max_length=63, blank=True)
    attribute = models.CharField(_("Attribute"), max_length=63, blank=True)
    key = models.CharField(_("Key"), max_length=180, blank=True)
    sharing = models.CharField(_("What the district gets"), max_length=9, choices=Sharing.choices)
    period_seconds = models.PositiveIntegerField(_("Period, seconds"), default=3600)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("What leaves the town")
        verbose_name_plural = _("What leaves the town")
        constraints = [
            models.UniqueConstraint(fields=["kind", "type_name", "attribute", "key"], name="tiers_policy_once"),
            models.CheckConstraint(condition=models.Q(period_seconds__gte=60), name="tiers_policy_period"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.type_name or '*'} {self.attribute or '*'} {self.key or '*'}: {self.sharing}"
