"""Tables of places: divisions with codes, outlines and dates of effect, and what they were before."""

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core import ids
from onecity.kernel.places.logic.paths import CODE_PATTERN, TREE_PATTERN

# a division whose first day is not known has existed "always"
BEGINNING = dt.date.min


class Division(models.Model):
    """A part of the district in one of its trees (区划): a town, a village, a park, a school district, a grid cell.

    The row is the division's identity and its attributes as they are (or will be) since `current_from`; earlier outlines and
    names are DivisionState rows. `valid_to` is the first day on which the division is no more; a code that comes back later is a new row.
    Other packages refer to `path`: tree, then the codes from the root down, each followed by a slash.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    tree = models.TextField(_("tree"))
    code = models.TextField(_("code"))
    name = models.TextField(_("name"))
    level = models.TextField(_("level"))
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children", db_index=False)
    path = models.TextField(_("path"), db_collation="C")
    geometry = models.BinaryField(_("outline (WKB, WGS-84)"), null=True)
    lon = models.FloatField(_("longitude of the label"), null=True)
    lat = models.FloatField(_("latitude of the label"), null=True)
    located = models.BooleanField(_("position is known"), default=False)
    approximate = models.BooleanField(_("outline is approximate"), default=False)
    source = models.TextField(_("source"), default="")
    valid_from = models.DateField(_("valid from"), default=BEGINNING)
    valid_to = models.DateField(_("valid until"), null=True)
    current_from = models.DateField(_("outline and name valid from"), default=BEGINNING)

    class Meta:
        verbose_name = _("division")
        verbose_name_plural = _("divisions")
        ordering: ClassVar = ["path", "valid_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["path"], condition=Q(valid_to=None), name="division_open_path"),
            models.UniqueConstraint(fields=["path", "valid_from"], name="division_path_from"),
            models.UniqueConstraint(fields=["tree", "code"], condition=Q(valid_to=None), name="division_open_code"),
            models.UniqueConstraint(
                fields=["tree"], condition=Q(valid_to=None, parent=None, tree="adm"), name="division_one_root"
            ),
            models.CheckConstraint(condition=Q(tree__regex=TREE_PATTERN), name="division_tree_word"),
            models.CheckConstraint(condition=Q(code__regex=CODE_PATTERN), name="division_code_word"),
            models.CheckConstraint(condition=Q(path__endswith="/"), name="division_path_end"),
            models.CheckConstraint(condition=~Q(name=""), name="division_named"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="division_dates_in_order"
            ),
            models.CheckConstraint(
                condition=Q(lon=None, lat=None) | Q(lon__range=(-180, 180), lat__range=(-90, 90)),
                name="division_label_on_earth",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["tree", "level", "path"], name="division_tree_level")]

    def __str__(self) -> str:
        return f"{self.name} ({self.path})"


class DivisionState(models.Model):
    """What a division was called and where its outline lay during a past period; rows are added, never changed."""

    division = models.ForeignKey(Division, models.CASCADE, related_name="states")
    name = models.TextField()
    geometry = models.BinaryField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    approximate = models.BooleanField(default=False)
    source = models.TextField(default="")
    valid_from = models.DateField()
    valid_to = models.DateField()

    class Meta:
        verbose_name = _("earlier state of a division")
        verbose_name_plural = _("earlier states of divisions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["division", "valid_from"], name="division_state_from"),
            models.CheckConstraint(condition=Q(valid_to__gt=F("valid_from")), name="division_state_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.valid_from}..{self.valid_to}"


class TreeVersion(models.Model):
    """A stamp that changes with every change of a tree (a trigger sets it), so that caches know when they are old."""

    tree = models.TextField(primary_key=True)
    version = models.UUIDField()

    class Meta:
        verbose_name = _("version of a tree")
        verbose_name_plural = _("versions of trees")

    def __str__(self) -> str:
        return f"{self.tree} {self.version}"
