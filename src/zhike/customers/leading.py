"""What leads to files of customers: entries of the time line and own fields, of records and of what is in the bin.

Each question is one statement, which sees one moment: what goes from the bin back into a record would be missed by two.
"""

from collections.abc import Iterable

from django.db import connection

from zhike.customers import shelf

_FIELDS = """
    SELECT held ->> 'path' FROM customers_customer, jsonb_path_query(custom, '$.*[*]') AS held
    WHERE custom ?| %(keys)s AND held ->> 'path' = ANY(%(places)s)
"""
_FIELDS_BINNED = """
    SELECT held ->> 'path' FROM recovery_binned, jsonb_path_query(rows, '$.customers_customer[*].custom.*[*]') AS held
    WHERE held ->> 'path' = ANY(%(places)s)
"""
_ENTRIES = """
    SELECT file_path FROM customers_activity WHERE file_path <> '' AND file_path = ANY(%(places)s)
"""
_ENTRIES_BINNED = """
    SELECT path #>> '{}' FROM recovery_binned,
        jsonb_path_query(rows, '$.customers_activity[*].file_path ? (@ != "")') AS path
    WHERE path #>> '{}' = ANY(%(places)s)
"""


def in_records(places: Iterable[str]) -> set[str]:
    """Those to which a record that is there leads."""
    return _asked(_FIELDS, _ENTRIES, places=places)


def in_fields(places: Iterable[str]) -> set[str]:
    """Those to which a field leads, also of a record in the bin."""
    return _asked(_FIELDS, _FIELDS_BINNED, places=places)


def held(places: Iterable[str]) -> set[str]:
    """Those to which anything leads."""
    return _asked(_FIELDS, _FIELDS_BINNED, _ENTRIES, _ENTRIES_BINNED, places=places)


def _asked(*questions: str, places: Iterable[str]) -> set[str]:
    told = list(places)
    if not told:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join(questions), {"keys": list(shelf.list_keys()), "places": told})
        return {place for (place,) in cursor.fetchall()}
