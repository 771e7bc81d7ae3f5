"""Parties with their sealed numbers, and the mandates between them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.conf import settings
from django.db import migrations, models


# A party without an account is found by whoever knows its number: the second parent of a child, the next representative of a
# company. What it answers comes from the table as a whole, so that no policy hides the row that stands in the way.
PARTY = """
CREATE FUNCTION people_party(which text, mark text) RETURNS SETOF people_identity
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM people_identity WHERE kind = which AND fingerprint = mark AND account_id IS NULL
$$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Identity',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('person', 'Person'), ('company', 'Company or other body')], max_length=10)),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('number_sealed', models.BinaryField()),
                ('fingerprint', models.CharField(db_collation='C', max_length=64)),
                ('shown', models.CharField(max_length=24, verbose_name='Number, its middle hidden')),
                ('born_on', models.DateField(blank=True, null=True)),
                ('source', models.CharField(choices=[('register', 'Register of the authority'), ('counter', 'Seen at the counter'), ('party', 'Given by the person concerned')], max_length=10)),
                ('confirmed_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('account', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='identity', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'Identity',
                'verbose_name_plural': 'Identities',
            },
        ),
        migrations.CreateModel(
            name='Mandate',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('representative', 'Legal representative'), ('guardian', 'Parent or guardian'), ('agent', 'Authorised agent')], max_length=16)),
                ('services', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('source', models.CharField(choices=[('register', 'Register of the authority'), ('counter', 'Seen at the counter'), ('party', 'Given by the person concerned')], max_length=10)),
                ('given_by_id', models.UUIDField(blank=True, null=True)),
                ('valid_from', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('valid_to', models.DateTimeField(blank=True, null=True)),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_by_id', models.UUIDField(blank=True, null=True)),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mandates', to=settings.AUTH_USER_MODEL)),
                ('principal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mandates', to='people.identity')),
            ],
            options={
                'verbose_name': 'Mandate',
                'verbose_name_plural': 'Mandates',
                'ordering': ['-valid_from'],
            },
        ),
        migrations.AddConstraint(
            model_name='identity',
            constraint=models.UniqueConstraint(fields=('kind', 'fingerprint'), name='identity_number_once'),
        ),
        migrations.AddConstraint(
            model_name='mandate',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='mandate_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='mandate',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('principal', 'agent', 'kind'), name='mandate_once_at_a_time'),
        ),
        migrations.RunSQL(PARTY, "DROP FUNCTION people_party(text, text)"),
    ]
