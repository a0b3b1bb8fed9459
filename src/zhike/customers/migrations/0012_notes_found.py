from django.db import migrations

from zhike.customers.sought import CREATE_NOTES, CREATE_SEEKING


class Migration(migrations.Migration):
    """Also the functions of before, in other words."""

    dependencies = [("customers", "0011_seeking")]

    operations = [CREATE_SEEKING, CREATE_NOTES]
