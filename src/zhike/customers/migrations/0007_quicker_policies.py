from django.db import migrations, models

from zhike.core.row_security import belongs_to, found_above, reaches_all, replace_policy
from zhike.customers.finding import CREATE_FINDING

VIEW = "customers.view_customer"


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_sealed_values")]

    operations = [
        # For customers who are met in some order, and for the policies of what hangs on them: whether somebody sees
        # them is answered without a look at the row.
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["id"], include=["owner", "team"], name="customers_reach"),
        ),
        *(
            replace_policy(
                table,
                f"{reaches_all(VIEW)} OR {found_above('customers_customer', f'{table}.customer_id')}",
                before=f"{reaches_all(VIEW)} OR {belongs_to('customers_customer', f'{table}.customer_id')}",
            )
            for table in (
                "customers_identifier",
                "customers_customersearch",
                "customers_customerfacts",
                "customers_customertag",
                "customers_activity",
                "customers_collaborator",
            )
        ),
        CREATE_FINDING,
    ]
