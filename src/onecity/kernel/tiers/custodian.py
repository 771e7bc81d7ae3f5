"""Keeper of cases that are at home on the other side of a link: what is done to them here is sent there.

A case has one home at a time, whose installation alone writes its history; the other side follows it. The home is the
tier whose office has the case: handing it over to an office of the other tier sends the home with it.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils.translation import gettext as _

from onecity.kernel.core.ids import new_id

if TYPE_CHECKING:
    # the keeper is registered before there are models
    from onecity.kernel.cases.models import Case, CaseEvent

HAND_OVER = "hand_over"
STAYS, DAMAGED = "stays", "damaged"
ELSEWHERE = "SELECT case_id FROM tiers_away WHERE case_id = ANY (%s)"
AWAITED = "SELECT sha256, state, received, size FROM tiers_awaitedfile WHERE sha256 = ANY (%s)"
HOME = "SELECT peer_id FROM tiers_away WHERE case_id = %s"
# the office that the case goes to: in the town's part, or not
OFFICE = """
SELECT p.code, p.direction, o.division_path ^@ p.division_path AND o.division_path <> '' FROM tiers_peer p, people_organisation o
WHERE o.id = %s AND p.state = 'joined' AND %s ^@ p.division_path
"""
ACT = """
INSERT INTO tiers_act (id, peer_id, outgoing, case_id, division_path, version, action, note, data, actor_id, actor_name, at,
    state, answer) VALUES (%s, %s, true, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'waiting', '')
"""


class TierCustodian:
    """See `cases.custody.Custodian`."""

    def takes(self, case: "Case", event: "CaseEvent") -> bool:
        """Whether the change was sent to where the case is at home."""
        if not settings.ONECITY_TIER:
            return False
        with connection.cursor() as cursor:
            cursor.execute(HOME, [case.id])
            found = cursor.fetchone()
        if found is not None:
            _send_act(found[0], case, event)
            return True
        if event.action == HAND_OVER:
            _leave(case, event)
        return False

    def elsewhere(self, case_ids: Sequence[UUID]) -> set[UUID]:
        """Those of these cases that are at home on the other side."""
        if not settings.ONECITY_TIER:
            return set()
        with connection.cursor() as cursor:
            cursor.execute(ELSEWHERE, [list(case_ids)])
            return {row[0] for row in cursor.fetchall()}

    def awaited(self, digests: Sequence[str]) -> dict[str, str]:
        """Files that come from the other side, or stay there."""
        if not settings.ONECITY_TIER or not digests:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(AWAITED, [list(digests)])
            return {row[0]: _how_far(*row[1:]) for row in cursor.fetchall()}


def _how_far(state: str, received: int, size: int) -> str:
    if state == STAYS:
        return _("This file stays on the other side of the link; the people there can show it.")
    if state == DAMAGED:
        return _("This file came from the other side and is not what was added there. The administrator has to look.")
    percent = 100 * received // max(size, 1)
    return _("This file is still on its way from the other side (%(percent)s %%).") % {"percent": percent}


def _send_act(peer: str, case: "Case", event: "CaseEvent") -> None:
    identity = new_id()
    data = json.dumps(event.data, cls=DjangoJSONEncoder)
    version = event.version - 1
    with connection.cursor() as cursor:
        told = (event.action, event.note, data, event.actor_id, event.actor_name, event.at)
        cursor.execute(ACT, (identity, peer, case.id, case.division_path, version, *told))
        body = {
            "id": identity,
            "case_id": case.id,
            "version": version,
            "action": event.action,
            "note": event.note,
            "data": event.data,
            "actor_id": event.actor_id,
            "actor_name": event.actor_name,
            "at": event.at,
        }
        cursor.execute("SELECT tiers_offices(%s)::text", [data])
        body["offices"] = json.loads(cursor.fetchone()[0])
        cursor.execute("SELECT tiers_send(%s, 'act', %s)", [peer, json.dumps(body, cls=DjangoJSONEncoder)])


def _leave(case: "Case", event: "CaseEvent") -> None:
    """Where the new office is of the other tier, let the case's home go there with this event."""
    with connection.cursor() as cursor:
        cursor.execute(OFFICE, [case.organisation_id, case.division_path])
        found = cursor.fetchone()
        if found is None:
            return
        code, direction, in_town = found
        if in_town == (direction == "up"):
            return
        event.data |= {"home": code, "sweep_at": case.sweep_at.isoformat() if case.sweep_at else ""}
        # reminders and warnings are the new home's
        case.sweep_at = None
        cursor.execute("SELECT tiers_leave(%s, %s)", [case.id, code])
