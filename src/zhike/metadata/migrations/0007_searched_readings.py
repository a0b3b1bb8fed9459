from django.db import migrations

from zhike.metadata.pieces import create_pieces

# Their indexes hold other pieces now; `searching.resume` has them built anew, and until then they are not asked.
BUILD_ANEW = """
    UPDATE metadata_design SET token = md5(random()::text)
    WHERE record IN (SELECT record FROM metadata_fielddefinition WHERE search = 'ready');
    UPDATE metadata_fielddefinition SET search = 'wanted' WHERE search = 'ready';
"""


class Migration(migrations.Migration):
    dependencies = [("metadata", "0006_searched_fields")]

    operations = [create_pieces(), migrations.RunSQL(BUILD_ANEW, migrations.RunSQL.noop)]
