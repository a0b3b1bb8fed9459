from django.db import migrations

from zhike.core.row_security import belongs_to, protect, reached, reaches_all

VIEW = "exchange.view_import"
# Tables that were left behind belong to the role that made them; the next run of their import makes them anew.
DROP_STAGED = """
DO $$
DECLARE left_behind regclass;
BEGIN
    FOR left_behind IN
        SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('staging') AND relkind = 'r'
    LOOP
        EXECUTE format('DROP TABLE %s', left_behind);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0003_refused_rows"),
        ("accounts", "0004_scopes"),
    ]

    operations = [
        migrations.RunSQL(DROP_STAGED, migrations.RunSQL.noop),
        protect("exchange_import", f"{reaches_all(VIEW)} OR {reached(VIEW)}"),
        protect("exchange_mapping", f"{reaches_all(VIEW)} OR owner_id = (SELECT zhike_me('{VIEW}'))"),
        protect(
            "exchange_importchange",
            f"{reaches_all(VIEW)} OR {belongs_to('exchange_import', 'exchange_importchange.job_id')}",
        ),
    ]
