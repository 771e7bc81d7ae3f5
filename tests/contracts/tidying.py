"""Takes away what a test made through the interface of a running platform, and whatever refers to it."""

import datetime as dt

from onecity.project.stack.platform import Platform
from onecity.project.stack.postgres import Postgres

# what refers to a case that went: without it the database would be none that could be restored
REFERRING = """
SELECT format('DELETE FROM %s t WHERE t.%I IS NOT NULL AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.id = t.%I)',
    k.conrelid::regclass, a.attname, a.attname)
FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
WHERE k.confrelid = 'cases_case'::regclass AND k.contype = 'f'
"""
TIDY = (
    "SET session_replication_role = replica",  # a history is otherwise only ever added to
    "DELETE FROM cases_caseevent WHERE case_id IN (SELECT id FROM cases_case WHERE source = 'hand' AND opened_at >= %(since)s)",
    "DELETE FROM cases_case WHERE source = 'hand' AND opened_at >= %(since)s",
    "DELETE FROM telemetry_latest WHERE series_id IN (SELECT id FROM telemetry_series WHERE entity_key = %(station)s)",
    "DELETE FROM telemetry_observation WHERE series_id IN (SELECT id FROM telemetry_series WHERE entity_key = %(station)s)",
    "DELETE FROM telemetry_quarantine WHERE device_id IN (SELECT id FROM telemetry_device WHERE name = %(station)s)",
    "DELETE FROM telemetry_device WHERE name = %(station)s",
    "DELETE FROM telemetry_series WHERE entity_key = %(station)s",
    "DELETE FROM twin_entity WHERE key = %(station)s",
)


def tidy(platform: Platform, since: dt.datetime, station: str) -> None:
    """Remove the cases opened by hand since then and a station with all that it measured."""
    with Postgres(platform.env.home).connect() as connection:
        for statement in TIDY:
            connection.execute(statement, {"since": since, "station": station})
        for (orphans,) in connection.execute(REFERRING).fetchall():
            connection.execute(orphans)
