from django.db import migrations

from zhike.core.row_security import belongs_to, protect, reaches_all

VIEW = "customers.view_customer"


class Migration(migrations.Migration):
    dependencies = [
        ("scores", "0003_run_is_not_checked"),
        ("customers", "0005_row_security"),
    ]

    operations = [
        protect(
            "scores_valuescore",
            f"{reaches_all(VIEW)} OR {belongs_to('customers_customer', 'scores_valuescore.customer_id')}",
        ),
    ]
