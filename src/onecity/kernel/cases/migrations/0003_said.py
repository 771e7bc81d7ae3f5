"""What the platform says of a case, kept by key and values so that every reader has it in his own language."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_walls")]

    operations = [
        migrations.AddField(model_name="case", name="said", field=models.JSONField(blank=True, default=dict)),
    ]
