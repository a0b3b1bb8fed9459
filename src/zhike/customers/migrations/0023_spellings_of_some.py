from django.db import migrations

from zhike.customers.sought import CREATE_SEEKING


class Migration(migrations.Migration):
    """With other bounds for those who reach some thousand customers."""

    dependencies = [("customers", "0022_some_sought")]

    operations = [CREATE_SEEKING]
