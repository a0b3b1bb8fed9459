from django.db import migrations

from zhike.customers.sought import CREATE_SEEKING


class Migration(migrations.Migration):
    dependencies = [("customers", "0010_search_variants")]

    operations = [CREATE_SEEKING]
