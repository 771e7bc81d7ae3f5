"""Tables of the catalogue of services: what there is (items, bundles, decision tables), and every version of it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onecity.domains.services.items.logic.codes import IN_USE
from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Sort(models.TextChoices):
    """What a version describes."""

    ITEM = "item", _("Service item")
    BUNDLE = "bundle", _("One-thing bundle")
    TABLE = "table", _("Decision table")


class Status(models.TextChoices):
    """Whether people can apply for it now (事项状态); the codes are those of the national list."""

    IN_USE = "1", pgettext_lazy("service item", "In use")
    SUSPENDED = "2", pgettext_lazy("service item", "Suspended")
    CANCELLED = "3", pgettext_lazy("service item", "Cancelled")


class VersionState(models.TextChoices):
    """How far a version is: written, sent for review, reviewed by a second person, published, or given up."""

    DRAFT = "draft", pgettext_lazy("service item", "Being written")
    REVIEW = "review", pgettext_lazy("service item", "Waiting for review")
    REVIEWED = "reviewed", pgettext_lazy("service item", "Reviewed")
    PUBLISHED = "published", pgettext_lazy("service item", "Published")
    DROPPED = "dropped", pgettext_lazy("service item", "Given up")


OPEN_STATES = (VersionState.DRAFT, VersionState.REVIEW, VersionState.REVIEWED)


class ServiceItem(models.Model):
    """One item, bundle or table under its short name, whatever its versions say."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sort = models.CharField(max_length=8, choices=Sort.choices, default=Sort.ITEM)
    code = models.CharField(max_length=48, db_collation="C")
    department = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=1, choices=Status.choices, default=IN_USE)
    status_note = models.JSONField(default=dict, blank=True)
    status_since = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Service item")
        verbose_name_plural = _("Service items")
        constraints = [models.UniqueConstraint(fields=["sort", "code"], name="service_item_code")]

    def __str__(self) -> str:
        return self.code


class ItemVersion(models.Model):
    """One version; `number` is given when it is published, and then nothing of it changes any more."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(ServiceItem, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(null=True, blank=True)
    based_on = models.PositiveIntegerField(default=0)
    content = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.DRAFT)
    effective_from = models.DateTimeField(null=True, blank=True)
    author_id = models.UUIDField(null=True, blank=True)
    author_name = models.CharField(max_length=200, blank=True)
    editors = models.JSONField(default=list)
    comment = models.CharField(max_length=500, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    reviewer_id = models.UUIDField(null=True, blank=True)
    reviewer_name = models.CharField(max_length=200, blank=True)
    published_by_id = models.UUIDField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=now)

    open_states: ClassVar[tuple[VersionState, ...]] = OPEN_STATES

    class Meta:
        verbose_name = _("Version of a service item")
        verbose_name_plural = _("Versions of service items")
        indexes = [models.Index(fields=["item", "-effective_from", "-number"], name="item_version_in_force")]
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="item_version_number"),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(state__in=[state.value for state in OPEN_STATES]),
                name="item_version_one_open",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(number__isnull=False, effective_from__isnull=False),
                name="item_version_published_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.number or self.state}"

    @property
    def is_open(self) -> bool:
        """Whether it may still be published."""
        return self.state in OPEN_STATES
