"""Service items at the desk: the catalogue with its drafts, one entry with its versions, what changed, in use or not."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onecity.domains.services.items import checking, navigation, permissions, publishing, store, workbook
from onecity.domains.services.items.logic import reading
from onecity.domains.services.items.models import ItemVersion, ServiceItem, Sort, Status, VersionState
from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases.logic.bundle import differences
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of

SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST: Final = 20 * 1024 * 1024


@permission_required(permissions.VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Which services are there, and which are being written?"""
    text, department = request.GET.get("q", "").strip()[:60], request.GET.get("department", "")
    entries = ServiceItem.objects.annotate(number=Max("versions__number"), since=Max("versions__effective_from"))
    entries = entries.filter(number__isnull=False)
    if department:
        entries = entries.filter(department=department)
    names = _names()
    found = [(one, names.get((one.sort, one.code), one.code)) for one in entries.order_by("department", "sort", "code")]
    found.sort(key=lambda pair: pair[0].sort == Sort.TABLE)
    if text:
        found = [(one, name) for one, name in found if text.casefold() in f"{name} {one.code}".casefold()]
    drafts = (
        ItemVersion.objects.filter(state__in=ItemVersion.open_states).select_related("item").order_by("-changed_at")
    )
    context = {
        "rows": found,
        "drafts": [(one, name_in(one.content) or one.item.code) for one in drafts[:50]],
        "departments": navigation.words().departments,
        "may_edit": policy.may_somewhere(request.user, permissions.EDIT),
        "text": text,
        "department": department,
    }
    return render(request, "services/desk/index.html", context)


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest, sort: str, code: str) -> HttpResponse:
    """One entry: what it says now, its versions, what changed between two of them."""
    entry = _entry(sort, code)
    versions = list(entry.versions.filter(state=VersionState.PUBLISHED).order_by("-number"))
    if not versions:
        raise store.unknown()
    new, old = _compared(request, versions)
    context = {
        "entry": entry,
        "title": name_in(versions[0].content) or code,
        "versions": versions,
        "old": old,
        "new": new,
        "differences": changes(old.content, new.content) if old else [],
        "findings": checking.of_content(Sort(entry.sort), versions[0].content),
        "draft": publishing.open_version(entry),
        "statuses": [status for status in Status.choices if status[0] != entry.status],
        "may_edit": policy.may_somewhere(request.user, permissions.EDIT),
        "may_publish": policy.may_somewhere(request.user, permissions.PUBLISH),
    }
    return render(request, "services/desk/show.html", context)


def _compared(request: HttpRequest, versions: list[ItemVersion]) -> tuple[ItemVersion, ItemVersion | None]:
    by_number = {str(one.number): one for one in versions}
    new = by_number.get(request.GET.get("new", ""), versions[0])
    before = next((one for one in versions if (one.number or 0) < (new.number or 0)), None)
    return new, by_number.get(request.GET.get("old", ""), before)


@permission_required(permissions.PUBLISH)
@require_POST
def set_status(request: HttpRequest, sort: str, code: str) -> HttpResponse:
    """Suspend, cancel or use again."""
    entry = _entry(sort, code)
    wanted = request.POST.get("status", "")
    if wanted not in Status.values:
        raise publishing.invalid("status", _("Choose what to do."))
    note = {language: request.POST.get(f"note.{language}", "").strip()[:500] for language in ("zh", "en")}
    try:
        publishing.set_status(entry.id, account_of(request), Status(wanted), {k: v for k, v in note.items() if v})
    except Problem as problem:
        if not problem.errors:
            raise
        messages.error(request, str(problem.errors[0].detail))
    return HttpResponseRedirect(reverse("services:desk-entry", args=[sort, code]))


@permission_required(permissions.VIEW)
@require_safe
def export(_request: HttpRequest) -> HttpResponse:
    """The exchange tables of all items in force."""
    items = [one.item for _code, one in sorted(store.items().items())]
    response = HttpResponse(workbook.write(items), content_type=SHEET)
    response["Content-Disposition"] = 'attachment; filename="service-items.xlsx"'
    return response


@permission_required(permissions.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: HttpRequest) -> HttpResponse:
    """Exchange tables: what they would change, then a draft for each; nothing holds before review."""
    problem: Problem | None = None
    file = request.FILES.get("file")
    if request.method == "POST" and file is not None:
        try:
            items = workbook.read(file.read(LARGEST + 1))
            known = publishing.digests()
            fresh = [
                (one.code, data)
                for one in items
                if known.get((Sort.ITEM.value, one.code)) != store.digest_of(data := reading.write(one))
            ]
            for code, data in fresh:
                publishing.begin(Sort.ITEM, code, account_of(request), data)
            told = _("%(n)s drafts were made, %(same)s items are the same; nothing holds before review.")
            messages.success(request, told % {"n": len(fresh), "same": len(items) - len(fresh)})
            return HttpResponseRedirect(reverse("services:desk"))
        except Problem as error:
            problem = error
    return render(request, "services/desk/take_in.html", {"problem": problem}, status=422 if problem else 200)


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Where two contents differ: path, before and after as people can read them."""
    return [(path, _spelled(before), _spelled(after)) for path, before, after in differences(old, new)]


def _spelled(value: object) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def name_in(content: Mapping[str, Any]) -> str:
    """What a content is called in the reader's language."""
    name = content.get("name") if isinstance(content.get("name"), Mapping) else content.get("title")
    return in_language(name) if isinstance(name, Mapping) else ""


def _entry(sort: str, code: str) -> ServiceItem:
    found = ServiceItem.objects.filter(Q(sort=sort) & Q(code=code)).first()
    if found is None:
        raise store.unknown()
    return found


def _names() -> dict[tuple[str, str], str]:
    rows = ItemVersion.objects.filter(state=VersionState.PUBLISHED).order_by("item_id", "-number").distinct("item_id")
    found = rows.values_list("item__sort", "item__code", "content__name", "content__title")
    return {
        (sort, code): in_language(name if isinstance(name, dict) else title if isinstance(title, dict) else {}) or code
        for sort, code, name, title in found
    }


def find_draft(draft_id: UUID) -> ItemVersion:
    """A version on its way; raises Problem 404."""
    found = ItemVersion.objects.select_related("item").filter(id=draft_id).first()
    if found is None:
        raise Problem("service-draft-unknown", _("There is no such draft."), status=404)
    return found
