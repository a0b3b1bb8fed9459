from django.db import migrations

from zhike.core.row_security import belongs_to, protect, reached, reaches_all

VIEW = "customers.view_customer"
SHARED = f"customers_shared('{VIEW}')"


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0004_collaborators"),
        ("accounts", "0004_scopes"),
    ]

    operations = [
        # As the owner of the tables, whom no policy narrows: the rows say who sees a customer, and seeing the
        # customer says who sees the rows.
        migrations.RunSQL(
            """
            CREATE FUNCTION customers_shared(permission text) RETURNS bigint[]
                LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path = public, pg_temp AS $$
                SELECT array_agg(customer_id) FROM customers_collaborator WHERE user_id = zhike_me(permission)
            $$
            """,
            "DROP FUNCTION customers_shared(text)",
        ),
        protect("customers_customer", f"{reaches_all(VIEW)} OR {reached(VIEW, shared=SHARED)}"),
        *(
            protect(table, f"{reaches_all(VIEW)} OR {belongs_to('customers_customer', f'{table}.customer_id')}")
            for table in (
                "customers_identifier",
                "customers_customersearch",
                "customers_customerfacts",
                "customers_customertag",
                "customers_activity",
                "customers_collaborator",
            )
        ),
    ]
