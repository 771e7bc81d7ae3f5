"""From where on numbers that are written through NGSI-LD are passed on as readings: those before went at once."""

from django.db import migrations

HERE = """
INSERT INTO twin_position (name, txid, number, at)
VALUES ('readings', pg_snapshot_xmin(pg_current_snapshot())::text, -1, now()) ON CONFLICT DO NOTHING
"""
NOWHERE = "DELETE FROM twin_position WHERE name IN ('readings', 'readings.sending')"


class Migration(migrations.Migration):
    """The position of the log of changes at which this begins."""

    dependencies = [
        ("twin", "0011_snapshots"),
    ]

    operations = [migrations.RunSQL(HERE, NOWHERE)]
