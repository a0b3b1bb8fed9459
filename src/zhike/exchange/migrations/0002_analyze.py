from django.db import migrations


class Migration(migrations.Migration):
    """Let the application renew the statistics of tables that it fills but does not own."""

    dependencies = [("exchange", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION zhike_analyze(relation regclass) RETURNS void LANGUAGE plpgsql
                SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            BEGIN
                PERFORM FROM pg_class WHERE oid = relation AND relkind = 'r' AND relnamespace = 'public'::regnamespace;
                IF NOT FOUND THEN
                    RAISE insufficient_privilege USING MESSAGE = 'not a table of the product';
                END IF;
                EXECUTE format('ANALYZE %s', relation);
            END $$
            """,
            "DROP FUNCTION zhike_analyze(regclass)",
        ),
    ]
