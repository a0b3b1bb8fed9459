from django.db import migrations

from zhike.customers.sought import CREATE_NOTES, CREATE_SEEKING


class Migration(migrations.Migration):
    """The same functions in other words, for those who reach some thousand customers."""

    dependencies = [("customers", "0021_sealed_by_field")]

    operations = [CREATE_SEEKING, CREATE_NOTES]
