"""What the platform says of a case, kept by key and values so that every reader has it in his own language.

The history loses an index that its unique constraints make needless.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_walls")]

    operations = [
        migrations.AddField(model_name="case", name="said", field=models.JSONField(blank=True, default=dict)),
        migrations.AlterField(
            model_name="caseevent",
            name="case",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="cases.case",
            ),
        ),
    ]
