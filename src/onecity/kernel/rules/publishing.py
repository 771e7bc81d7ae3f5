"""The life of a rule: declared by a manifest or made at the desk, drafted, published from a date, paused."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.models import Origin, Rule, RuleVersion, VersionState
from onecity.kernel.rules.types import RuleDecl

DELIVERED = "Delivered with the system"
DELIVERED_ANEW = "The delivered rule changed"


class Declared(StrEnum):
    """What became of a declaration: `OFFERED` means staff changed the rule, so the new one waits as a draft."""

    CREATED = "created"
    UPDATED = "updated"
    OFFERED = "offered"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class InForce:
    """A rule with the version that holds, read and checked."""

    rule: Rule
    version: RuleVersion
    definition: Definition


@transaction.atomic
def declare(decl: RuleDecl, domain: str) -> Declared:
    """Write a manifest's rule: new ones and ones nobody changed are published, others offered as a draft."""
    wanted = definitions.of_declaration(decl)
    data = wanted.to_data()
    rule = Rule.objects.select_for_update().filter(name=decl.name).first()
    if rule is None:
        rule = Rule.objects.create(
            name=decl.name, domain=domain, origin=Origin.MANIFEST, declared=data, division_path=_district()
        )
        _publish(_new_version(rule, data, DELIVERED, None), None, None)
        return Declared.CREATED
    if rule.declared == data:
        return Declared.UNCHANGED
    changed_by_staff = rule.versions.filter(author_id__isnull=False).exclude(state=VersionState.DISCARDED).exists()
    rule.declared, rule.domain = data, domain
    rule.save(update_fields=["declared", "domain"])
    if changed_by_staff:
        if not rule.versions.filter(state=VersionState.DRAFT).exists():
            _new_version(rule, data, DELIVERED_ANEW, None)
        return Declared.OFFERED
    _publish(_new_version(rule, data, DELIVERED_ANEW, None), None, None)
    return Declared.UPDATED


def adopt() -> int:
    """Give delivered rules to the district once one is loaded; returns how many."""
    district = _district()
    if not district:
        return 0
    RuleVersion.objects.filter(rule__origin=Origin.MANIFEST, division_path="").update(division_path=district)
    return Rule.objects.filter(origin=Origin.MANIFEST, division_path="").update(division_path=district)


@transaction.atomic
def save_draft(rule: Rule, wanted: Definition, *, author: Account | None, comment: str = "") -> RuleVersion:
    """Store what is being edited as the rule's one draft."""
    Rule.objects.select_for_update().get(pk=rule.pk)
    draft = rule.versions.filter(state=VersionState.DRAFT).first()
    if draft is None:
        return _new_version(rule, wanted.to_data(), comment, author)
    draft.definition, draft.comment = wanted.to_data(), comment
    draft.author_id, draft.author_name = _by(author)
    draft.save(update_fields=["definition", "comment", "author_id", "author_name"])
    return draft


@transaction.atomic
def create(
    name: str, wanted: Definition, *, division_path: str, author: Account | None, origin: Origin = Origin.DESK
) -> Rule:
    """Make a new rule with its first draft. Raises Problem 409 when the key is taken."""
    if Rule.objects.filter(name=name).exists():
        raise Problem("rule-exists", _("There is a rule with this key already. Choose another."), status=409)
    rule = Rule.objects.create(name=name, origin=origin, division_path=division_path)
    _new_version(rule, wanted.to_data(), "", author)
    return rule


@transaction.atomic
def publish(draft: RuleVersion, *, by: Account | None, effective_from: dt.datetime | None = None) -> RuleVersion:
    """Let a draft hold from a moment on (now when None). Raises Problem 409 when it is no draft, 422 for a past moment."""
    version = RuleVersion.objects.select_for_update().select_related("rule").get(pk=draft.pk)
    if version.state != VersionState.DRAFT:
        raise Problem("rule-not-draft", _("This version is no longer a draft."), status=409)
    if effective_from is not None and effective_from < now() - dt.timedelta(minutes=1):
        raise Problem("rule-past", _("A version cannot hold from a moment in the past."), status=422)
    return _publish(version, by, effective_from)


@transaction.atomic
def discard(draft: RuleVersion) -> None:
    """Drop a draft; it stays in the list of versions. Raises Problem 409 when it is no draft."""
    if not RuleVersion.objects.filter(pk=draft.pk, state=VersionState.DRAFT).update(state=VersionState.DISCARDED):
        raise Problem("rule-not-draft", _("This version is no longer a draft."), status=409)
    touch(draft.rule)


def pause(rule: Rule, *, paused: bool) -> None:
    """Stop or start a rule; a stopped rule raises nothing and its open alerts end."""
    rule.paused = paused
    rule.changed_at = now()
    rule.save(update_fields=["paused", "changed_at"])


def touch(rule: Rule) -> None:
    """Mark a rule as changed, so that the running engine reads it again, and forget an earlier failure."""
    Rule.objects.filter(pk=rule.pk).update(changed_at=now(), error="", failed_at=None)


def in_force(
    at: dt.datetime | None = None, rules: QuerySet[Rule] | None = None, *, paused: bool = False
) -> list[RuleVersion]:
    """Return, of each rule, the version that holds at a moment (now when None), by rule; of paused ones with `paused`."""
    wanted = Rule.objects.all() if rules is None else rules
    wanted = wanted if paused else wanted.filter(paused=False)
    return list(
        RuleVersion.objects.filter(state=VersionState.PUBLISHED, effective_from__lte=at or now(), rule__in=wanted)
        .select_related("rule")
        .order_by("rule_id", "-effective_from", "-number")
        .distinct("rule_id")
    )


def next_change(after: dt.datetime) -> dt.datetime | None:
    """Return when the next published version begins to hold after a moment, None when none waits."""
    waiting = RuleVersion.objects.filter(state=VersionState.PUBLISHED, effective_from__gt=after)
    first = waiting.order_by("effective_from").first()
    return None if first is None else first.effective_from


def differences(old: RuleVersion, new: RuleVersion) -> list[tuple[str, Any, Any]]:
    """Return (member, old value, new value) of everything in which two versions differ, by dotted member name."""
    before, after = dict(_flat("", old.definition)), dict(_flat("", new.definition))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [(name, before.get(name), after.get(name)) for name in sorted(names)]


def _flat(prefix: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from _flat(f"{prefix}.{key}".strip("."), member)
    elif isinstance(value, list) and prefix.endswith("levels"):
        for level in value:
            yield from _flat(f"{prefix}.{level['severity']}", {k: v for k, v in level.items() if k != "severity"})
    else:
        yield prefix, value


def _new_version(rule: Rule, data: dict[str, Any], comment: str, author: Account | None) -> RuleVersion:
    newest = rule.versions.aggregate(number=Max("number"))["number"] or 0
    author_id, author_name = _by(author)
    return RuleVersion.objects.create(
        rule=rule,
        division_path=rule.division_path,
        number=newest + 1,
        definition=data,
        comment=comment,
        author_id=author_id,
        author_name=author_name,
    )


def _publish(version: RuleVersion, by: Account | None, effective_from: dt.datetime | None) -> RuleVersion:
    moment = now()
    before = version.rule.versions.filter(state=VersionState.PUBLISHED).order_by("-effective_from", "-number").first()
    asks = definitions.from_data(version.definition).question()
    same = before is not None and definitions.from_data(before.definition).question() == asks
    version.run = before.run if same and before is not None else version.pk
    version.state, version.published_at = VersionState.PUBLISHED, moment
    version.effective_from = effective_from or moment
    version.published_by_id, version.published_by_name = _by(by)
    version.save()
    touch(version.rule)
    return version


def _by(account: Account | None) -> tuple[Any, str]:
    return (None, "") if account is None else (account.id, str(account))


def _district() -> str:
    root = places.root()
    return "" if root is None else root.path
