from django.db import migrations

from zhike.customers.sought import CREATE_SEEKING


class Migration(migrations.Migration):
    """The function for other spellings goes over few customers once, and not once for each spelling."""

    dependencies = [("customers", "0013_fields_of_records")]

    operations = [CREATE_SEEKING]
