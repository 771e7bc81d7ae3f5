"""Puts triggers on what the other side must learn of, in installations that have another side: elsewhere they cost nothing."""

from django.db import connection, transaction
from psycopg import sql

from onecity.kernel.tiers import mirrors

EXISTS = "SELECT 1 FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s"
ENTITY = """
CREATE TRIGGER tiers_entity_changed AFTER INSERT OR UPDATE OR DELETE ON twin_entity
FOR EACH ROW EXECUTE FUNCTION tiers_entity_changed()
"""
CASE = """
CREATE CONSTRAINT TRIGGER tiers_case_moved AFTER INSERT ON cases_caseevent DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION tiers_case_moved()
"""
OPENED = "CREATE TRIGGER tiers_case_opens BEFORE INSERT ON cases_case FOR EACH ROW EXECUTE FUNCTION tiers_case_opens()"
MIRROR = """
CREATE TRIGGER tiers_mirrored AFTER INSERT OR UPDATE ON {}
FOR EACH ROW EXECUTE FUNCTION tiers_mirrored({}, {})
"""
# said on the other side of the mirror: only there does it have to be sent back
SAID = """
CREATE TRIGGER tiers_said AFTER UPDATE ON {} FOR EACH ROW WHEN (NEW.{first} IS DISTINCT FROM OLD.{first})
EXECUTE FUNCTION tiers_said({arguments})
"""


def install() -> None:
    """Create the triggers that are missing; run by the owner of the tables."""
    wanted: list[tuple[str, str, str | sql.Composed]] = [
        ("twin_entity", "tiers_entity_changed", ENTITY),
        ("cases_caseevent", "tiers_case_moved", CASE),
        ("cases_case", "tiers_case_opens", OPENED),
    ]
    for mirror in mirrors.declared():
        statement = sql.SQL(MIRROR).format(
            sql.Identifier(mirror.table), sql.Literal(mirror.table), sql.Literal(mirror.direction)
        )
        wanted.append((mirror.table, "tiers_mirrored", statement))
        if mirror.said:
            back = "down" if mirror.direction == "up" else "up"
            arguments = sql.SQL(", ").join(map(sql.Literal, (mirror.table, back, *mirror.said)))
            said = sql.SQL(SAID).format(
                sql.Identifier(mirror.table), first=sql.Identifier(mirror.said[0]), arguments=arguments
            )
            wanted.append((mirror.table, "tiers_said", said))
    for table, name, text in wanted:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(EXISTS, [table, name])
            if cursor.fetchone() is None:
                cursor.execute(text)
