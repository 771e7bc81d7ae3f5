"""Numbers of cases that no other tier gives: each town counts from its own million of the year."""

from django.db import connection

from onecity.kernel.core.clock import now
from onecity.kernel.tiers.models import Peer
from onecity.kernel.tiers.peers import Joined

BLOCK = 1_000_000
# the sequence that cases_next_numbers would make when the first number of a year is asked for
SEQUENCE = "SELECT format('cases_number_%%s_%%s', left(md5(%s), 12), %s::int)"


def reserve(peer: Joined) -> None:
    """At a town: have this year's and next year's numbers begin in its own million."""
    if not peer.up:
        return
    slot = Peer.objects.filter(code=peer.code).values_list("slot", flat=True).first()
    district = peer.division_path.split("/")[1]
    start = ((slot or 0) + 1) * BLOCK + 1
    for year in (now().year, now().year + 1):
        with connection.cursor() as cursor:
            cursor.execute(SEQUENCE, [district, year])
            (name,) = cursor.fetchone()
            cursor.execute(f'CREATE SEQUENCE IF NOT EXISTS "{name}" START {start:d}')
            cursor.execute(f'SELECT last_value FROM "{name}"')  # noqa: S608 - a name made of letters and digits above
            if cursor.fetchone()[0] < start:
                cursor.execute("SELECT setval(%s::regclass, %s)", [name, start])
