"""What PostgreSQL keeps of values that are gone: samples for its planner, and old versions of rows."""

from collections.abc import Collection

from django.db import connections
from psycopg import sql

from zhike.metadata.indexes import OWNER


def sweep(tables: Collection[str]) -> None:
    """Take the samples anew, and drop the old versions of rows that nobody sees any more; people go on working.

    As the tables' owner, outside of any transaction. Their bytes stay in the files until something else is written
    there, or `zhike.privacy.scrubbing` writes the tables anew.
    """
    with connections[OWNER].cursor() as owner:
        for table in sorted(tables):
            owner.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)).as_string(None))
