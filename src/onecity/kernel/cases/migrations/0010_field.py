"""What phones of inspectors send: each act once, photos in pieces; everybody his own."""

import onecity.kernel.core.clock
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0009_resident_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='FieldAct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.UUIDField()),
                ('key', models.UUIDField()),
                ('digest', models.CharField(max_length=64)),
                ('case_id', models.UUIDField()),
                ('version', models.PositiveIntegerField()),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
            options={
                'verbose_name': 'Act from a phone',
                'verbose_name_plural': 'Acts from phones',
                'indexes': [models.Index(fields=['at'], name='case_field_act_at')],
                'constraints': [models.UniqueConstraint(fields=('account_id', 'key'), name='case_field_act_once')],
            },
        ),
        migrations.CreateModel(
            name='FieldPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.UUIDField()),
                ('key', models.UUIDField()),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('received', models.PositiveIntegerField(default=0)),
                ('begun_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
            options={
                'verbose_name': 'Photo on its way',
                'verbose_name_plural': 'Photos on their way',
                'indexes': [models.Index(fields=['begun_at'], name='case_field_photo_begun')],
                'constraints': [models.UniqueConstraint(fields=('account_id', 'key'), name='case_field_photo_once')],
            },
        ),
        RowSecurityThrough("cases_fieldact", f"account_id = {CURRENT_ACCOUNT}", commands=("select", "insert")),
        RowSecurityThrough("cases_fieldphoto", f"account_id = {CURRENT_ACCOUNT}"),
    ]
