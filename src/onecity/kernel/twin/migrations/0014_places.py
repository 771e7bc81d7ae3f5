"""Places with what queries ask beside them, so that an area is answered by its index alone; which entities have series."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    """Replaces the index over `extent`."""

    dependencies = [("twin", "0013_contexts_by_tenant")]

    operations = [
        migrations.AddIndex(
            model_name="entity",
            index=django.contrib.postgres.indexes.GistIndex(
                fields=["extent"],
                include=["urn", "id", "tenant", "types", "division_path", "public", "expires_at"],
                name="entity_by_place",
            ),
        ),
        migrations.RemoveIndex(model_name="entity", name="entity_by_extent"),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(condition=models.Q(("measured", True)), fields=["id"], name="entity_measured"),
        ),
    ]
