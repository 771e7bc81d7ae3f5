"""Statistics of the kinds of cases from their first rows on: the table is small, and lists of a million cases are joined to it.

Without them the planner takes a few public kinds for none, and sorts half a million cases to show the newest thousand.
"""

from django.db import migrations

SOON = "ALTER TABLE cases_casetype SET (autovacuum_analyze_threshold = 1, autovacuum_analyze_scale_factor = 0.05)"
USUAL = "ALTER TABLE cases_casetype RESET (autovacuum_analyze_threshold, autovacuum_analyze_scale_factor)"


class Migration(migrations.Migration):
    dependencies = [("cases", "0025_published_steps")]
    operations = [migrations.RunSQL(SOON, USUAL)]
