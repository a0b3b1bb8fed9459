from django.db import migrations

from zhike.core.row_security import belongs_to, protect, reached, reaches_all

VIEW, CUSTOMERS = "commerce.view_order", "customers.view_customer"
OWNED = reached(VIEW, row="above", shared=f"customers_shared('{VIEW}')")


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0002_note_deletions"),
        ("customers", "0005_row_security"),
    ]

    operations = [
        # An order is seen by those whom the permission lets see it and who see its customer as well.
        protect(
            "commerce_order",
            f"{reaches_all(VIEW)} AND ({reaches_all(CUSTOMERS)} OR commerce_order.customer_id IS NULL) OR "
            + belongs_to("customers_customer", "commerce_order.customer_id", test=f"{reaches_all(VIEW)} OR {OWNED}"),
        ),
        protect(
            "commerce_orderline",
            f"{reaches_all(VIEW)} AND {reaches_all(CUSTOMERS)}"
            f" OR {belongs_to('commerce_order', 'commerce_orderline.order_id')}",
        ),
    ]
