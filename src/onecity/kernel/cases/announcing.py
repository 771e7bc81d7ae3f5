"""Tells whom it concerns: live pages through the change feed, people through messages, in the transaction of the change."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from onecity.kernel.cases import directory, permissions, wording
from onecity.kernel.cases.directory import Recipients
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.notify import feed
from onecity.kernel.notify import service as notify

# beyond so many new cases for one body at once its people get one message with the number instead of one for each
TOGETHER = 10


def opened(cases: Sequence[Case]) -> None:
    """New cases: to the live pages, and to those who are asked to handle them."""
    feed.publish_many(_change(case, "open") for case in cases)
    notify.send_many(_messages_for_new(cases))


def changed(case: Case, event: CaseEvent) -> None:
    """A change of one case, to the live pages."""
    changed_together([case], event.action)


def changed_together(cases: Iterable[Case], action: str) -> None:
    """The same change of many cases, to the live pages."""
    feed.publish_many(_change(case, action) for case in cases)


def assigned(case: Case, by: UUID | None) -> None:
    """Somebody was given a case: tell him, unless he took it himself."""
    if case.assignee_id is not None and case.assignee_id != by:
        key = f"case:{case.id}:{case.version}:assigned"
        notify.send_many([notify.Notice(case.assignee_id, "case_assigned", _context(case), key, _link(case))])


def sent(case: Case) -> None:
    """A case was handed over to another body: tell those who dispatch or handle there."""
    notify.send_many(
        notify.Notice(account, "case_opened", _context(case), f"case:{case.id}:{case.version}:sent", _link(case))
        for account in _asked(case)
    )


def called(case: Case, bodies: Sequence[UUID], event: CaseEvent) -> None:
    """Other bodies are asked to help: tell those who dispatch or handle there."""
    asked = Recipients()
    asked.know(bodies)
    trusted = case.confidential
    context = {**_context(case), "note": event.note}
    notify.send_many(
        notify.Notice(account, "case_called", context, f"case:{case.id}:{event.version}:called", _link(case))
        for account in {a for body in bodies for a in asked.of(body, "", "", confidential=trusted)}
    )


def spoken(case: Case, text: str) -> None:
    """The resident said something: tell whoever has the case, also when it has ended."""
    to = [case.assignee_id] if case.assignee_id else _asked(case)
    context = {**_context(case), "note": text}
    notify.send_many(
        notify.Notice(account, "case_word", context, f"case:{case.id}:{case.version}:word", _link(case))
        for account in to
    )


def due(cases: Sequence[tuple[Case, str]], asked: Recipients) -> None:
    """Reminders (`due_soon`), warnings (`overdue`) and the like: to the assignee, or to the body where nobody has the case;
    what is reported upwards (`escalated`) to the bodies above."""
    asked.know(case.organisation_id for case, _action in cases if not case.assignee_id)
    changes = []
    groups: dict[tuple[str, tuple[UUID, ...]], list[Case]] = {}
    above = directory.Above(case.division_path for case, action in cases if action == "escalated")
    for case, action in cases:
        changes.append(_change(case, action))
        if action == "escalated":
            to = tuple(above.dispatchers(case.division_path, case.organisation_id, confidential=case.confidential))
        elif case.assignee_id:
            to = (case.assignee_id,)
        else:
            to = tuple(asked.of(case.organisation_id, case.role, case.division_path, confidential=case.confidential))
        groups.setdefault((action, to), []).append(case)
    feed.publish_many(changes)
    notify.send_many(notice for (action, to), group in groups.items() for notice in _due_notices(action, to, group))


def _due_notices(action: str, to: Sequence[UUID], group: Sequence[Case]) -> Iterable[notify.Notice]:
    """One message for each case, or one with the number where so many come at once that nobody would read them."""
    if len(group) > TOGETHER:
        context = {"count": len(group), "first": group[0].number, "last": group[-1].number}
        key = f"cases:{group[0].id}:{group[0].version}:{action}:{len(group)}"
        link = (
            f"/desk/cases?scope={'mine' if group[0].assignee_id else 'office'}{'&overdue=on' * (action == 'overdue')}"
        )
        yield from (notify.Notice(account, f"cases_{action}", context, key, link) for account in to)
        return
    for case in group:
        key = f"case:{case.id}:{case.version}:{action}"
        yield from (notify.Notice(account, f"case_{action}", _context(case), key, _link(case)) for account in to)


def _messages_for_new(cases: Sequence[Case]) -> Iterable[notify.Notice]:
    groups: dict[tuple[UUID | None, str, str, bool], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.organisation_id, case.role, case.division_path, case.confidential), []).append(case)
    asked = Recipients(place for _organisation, _role, place, _trusted in groups)
    asked.know(organisation for organisation, _role, _place, _trusted in groups)
    for (organisation, role, place, trusted), group in groups.items():
        accounts = asked.of(organisation, role, place, confidential=trusted)
        if len(group) > TOGETHER:
            context = {"count": len(group), "first": group[0].number, "last": group[-1].number}
            key = f"cases:{group[0].id}:{len(group)}"
            yield from (notify.Notice(a, "cases_opened", context, key, "/desk/cases") for a in accounts)
            continue
        for case in group:
            key = f"case:{case.id}:opened"
            yield from (notify.Notice(a, "case_opened", _context(case), key, _link(case)) for a in accounts)


def _asked(case: Case) -> list[UUID]:
    return directory.recipients(case.organisation_id, case.role, case.division_path, confidential=case.confidential)


def _context(case: Case) -> dict[str, Any]:
    return {
        "number": case.number,
        # by language where the platform named it: the message is put into words when it is read
        "title": wording.titles(case.said, case.title) if case.said else case.title,
        "deadline": case.deadline.isoformat() if case.deadline else "",
    }


def _link(case: Case) -> str:
    return f"/desk/cases/{case.id}"


def _change(case: Case, action: str) -> feed.Change:
    payload = {
        "id": case.id,
        "number": case.number,
        "title": case.title,
        "titles": wording.titles(case.said, case.title) if case.said else {},
        "type": case.type_name,
        "state": case.state,
        "severity": case.severity,
        "open": case.is_open,
        "version": case.version,
        "action": action,
        "lon": case.lon,
        "lat": case.lat,
        "entity_id": case.entity_id,
        "deadline": case.deadline,
    }
    needs = permissions.CONFIDENTIAL if case.confidential else ""
    return feed.Change("case", case.division_path, str(case.id), payload, account_id=case.assignee_id, needs=needs)
