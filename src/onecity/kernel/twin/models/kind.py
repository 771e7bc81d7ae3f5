"""The kind of an entity as the database knows it: the declaration of a manifest, readable without its domain."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NotRequired, TypedDict

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

Titles = dict[str, str]


class AttributeFacts(TypedDict):
    """One attribute of a kind as stored: titles by language, UCUM unit, possible range, decimals shown, whether computed."""

    name: str
    titles: Titles
    unit: str
    minimum: float | None
    maximum: float | None
    decimals: int
    model_name: NotRequired[str]
    derived: NotRequired[bool]


def in_language(titles: Mapping[str, str], fallback: str) -> str:
    """Return the title in the reader's language, else in the platform's, else `fallback`."""
    return titles.get(get_language() or "") or titles.get(settings.LANGUAGE_CODE) or fallback


class EntityKind(models.Model):
    """An entity type: its titles by language, its attributes, and how old its readings may be before they are stale."""

    derived: ClassVar[bool] = True  # written from the manifests alone

    name = models.CharField(max_length=63, primary_key=True)
    domain = models.CharField(max_length=63, blank=True)
    titles: "models.JSONField[Titles, Titles]" = models.JSONField(default=dict)
    attributes: "models.JSONField[Sequence[AttributeFacts], list[AttributeFacts]]" = models.JSONField(default=list)
    # what NGSI-LD calls the type and those attributes that have another name there: stored names (see ngsild.context)
    model_name = models.TextField(blank=True, default="", db_default="")
    model_names: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField())
    )
    icon = models.CharField(max_length=63, blank=True)
    max_age = models.DurationField()
    late_after = models.DurationField()

    class Meta:
        verbose_name = _("Entity type")
        verbose_name_plural = _("Entity types")

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """Return the title in the reader's language."""
        return in_language(self.titles, self.name)

    def attribute(self, name: str) -> AttributeFacts | None:
        """Return the facts of one attribute, or None."""
        return next((facts for facts in self.attributes if facts["name"] == name), None)

    def attribute_title(self, name: str) -> str:
        """Return an attribute's title in the reader's language."""
        facts = self.attribute(name)
        return name if facts is None else in_language(facts["titles"], name)
