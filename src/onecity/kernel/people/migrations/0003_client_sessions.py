"""Sign-ins of other systems through ours."""

import django.contrib.postgres.fields
import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0002_identities'),
    ]

    operations = [
        migrations.CreateModel(
            name='ClientSession',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('client_id', models.CharField(max_length=100)),
                ('session', models.CharField(db_collation='C', max_length=64)),
                ('authenticated_at', models.DateTimeField()),
                ('methods', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), default=list, size=None)),
                ('opened_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='client_sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['account', 'client_id'], name='client_session_by_account')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('session', 'client_id', 'account'), name='client_session_once')],
            },
        ),
    ]
