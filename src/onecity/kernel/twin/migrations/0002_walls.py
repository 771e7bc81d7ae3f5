"""Row-level security: entities by division or public, relations by both their ends."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough

BOTH_ENDS = (
    "EXISTS (SELECT 1 FROM twin_entity e WHERE e.id = source_id) AND EXISTS (SELECT 1 FROM twin_entity e WHERE e.id = target_id)"
)


class Migration(migrations.Migration):
    """Puts the wall under the tables of 0001."""

    dependencies = [("twin", "0001_initial"), ("access", "0001_initial")]

    operations = [
        RowSecurity("Entity", permission="entities.view", write_permission="entities.edit", public_when="public"),
        RowSecurityThrough("Relation", BOTH_ENDS),
    ]
