from django.db import migrations

from zhike.core.row_security import belongs_to, reached, reaches_all, replace_policy

VIEW, CUSTOMERS = "commerce.view_order", "customers.view_customer"
OWNED = reached(VIEW, row="above", shared=f"customers_shared('{VIEW}')")
# As for the order itself: by its customer.
ORDERS = f"{reaches_all(VIEW)} AND ({reaches_all(CUSTOMERS)} OR recovery_binned.above_id IS NULL) OR " + belongs_to(
    "customers_customer", "recovery_binned.above_id", test=f"{reaches_all(VIEW)} OR {OWNED}"
)
BEFORE = (
    "zhike_reaches_all(permission) OR owner_id = ANY (zhike_reach(permission, 'users'))"
    " OR team_id = ANY (zhike_reach(permission, 'teams'))"
)
INDEXES = """
CREATE INDEX audit_entry_of_order ON audit_entry ((ids[1]), id) WHERE table_name = 'commerce_order' AND row_count <= 1;
CREATE INDEX audit_entry_of_orders ON audit_entry (audit_least(ids), audit_greatest(ids))
    WHERE table_name = 'commerce_order' AND row_count > 1;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0003_row_security"),
        ("recovery", "0005_scopes_by_records"),
        ("audit", "0005_quicker_erasure"),
    ]

    operations = [
        replace_policy(
            "recovery_binned",
            f"CASE kind WHEN 'commerce.order' THEN {ORDERS} ELSE {BEFORE} END",
            before=BEFORE,
        ),
        # What happened to an order is filed under its customer; its own page finds it by these.
        migrations.RunSQL(INDEXES, "DROP INDEX audit_entry_of_order, audit_entry_of_orders"),
    ]
