"""The log of changes and the subscriptions are read in the order of their transactions, also where the numbers grow longer."""

import datetime as dt
from typing import Final

import pytest
from django.db import connection
from psycopg import sql

from onecity.kernel.core.ids import new_id
from onecity.kernel.twin.models import Subscription
from onecity.kernel.twin.ngsild.subscriptions import following

# the text of 1000 comes before that of 999
TRANSACTIONS: Final = [998, 999, 1000, 1001]
CHANGED: Final = """
INSERT INTO twin_change (txid, at, entity_id, operation, public, tenant, urn, division_path, types, changes)
VALUES (%s::xid8, now(), %s, 2, true, '', %s, '', '{Vehicle}', '{}')
"""
LATE: Final = dt.timedelta(hours=1)

pytestmark = pytest.mark.django_db


def test_changes_come_in_the_order_of_their_transactions() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT twin_change_day(current_date)")
        for number in reversed(TRANSACTIONS):
            cursor.execute(CHANGED, [str(number), new_id(), f"urn:v:{number}"])
        statement = following.SINCE.format(event=sql.SQL(following.EVENT), filter=sql.SQL(""))
        oldest = dt.datetime.now(dt.UTC) - LATE
        text = statement.as_string(cursor.connection)
        cursor.execute(text, ["0", 0, "2000", oldest, 3])
        first = [int(row[1]) for row in cursor.fetchall()]
        cursor.execute(text, ["1000", 1 << 60, "2000", oldest, 3])
        rest = [int(row[1]) for row in cursor.fetchall()]
    assert (first, rest) == (TRANSACTIONS[:3], TRANSACTIONS[3:])


def test_the_newest_subscription_is_that_of_the_last_transaction() -> None:
    with connection.cursor() as cursor:
        for number in TRANSACTIONS:
            one = Subscription.objects.create(urn=f"urn:s:{number}", owner="visitor", document={})
            cursor.execute("ALTER TABLE twin_subscription DISABLE TRIGGER subscription_changed")
            cursor.execute("UPDATE twin_subscription SET txid = %s::xid8 WHERE id = %s", [str(number), one.id])
            cursor.execute("ALTER TABLE twin_subscription ENABLE TRIGGER subscription_changed")
        cursor.execute(following.HORIZON, [dt.datetime.now(dt.UTC) - LATE])
        assert cursor.fetchone()[2] == "1001"


def test_the_log_is_read_along_its_index() -> None:
    """What waits may be a million changes: the next thousand are read, not all of them sorted."""
    statement = following.SINCE.format(event=sql.SQL(following.EVENT), filter=sql.SQL(""))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            "EXPLAIN " + statement.as_string(cursor.connection), ["0", 0, "2000", dt.datetime.now(dt.UTC) - LATE, 10]
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Sort Key: ((" not in plan, plan
    assert "txid_id_idx" in plan, plan
