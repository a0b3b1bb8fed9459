"""Where what was given up is now."""

from django.db import connection

from zhike.core.acting import seeing_everything


def find_successor(customer_id: int) -> int | None:
    """The customer into which this one was merged in the end, seen or not; None where it was not."""
    with seeing_everything(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE way(record_id, survivor_id, step) AS (
                SELECT gone.record_id, merge.survivor_id, 1 FROM duplicates_mergedrecord AS gone
                JOIN duplicates_merge AS merge ON merge.id = gone.merge_id
                WHERE gone.record_id = %s AND NOT gone.is_undone
                UNION
                SELECT gone.record_id, merge.survivor_id, way.step + 1 FROM way
                JOIN duplicates_mergedrecord AS gone ON gone.record_id = way.survivor_id AND NOT gone.is_undone
                JOIN duplicates_merge AS merge ON merge.id = gone.merge_id
                WHERE way.step < 1000
            ) SELECT survivor_id FROM way ORDER BY step DESC LIMIT 1
            """,
            [customer_id],
        )
        found = cursor.fetchone()
    return int(found[0]) if found else None


def list_given_up(customer_id: int) -> list[int]:
    """Every customer that was merged into this one, directly or by way of another."""
    with seeing_everything(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE into_it(record_id) AS (
                SELECT gone.record_id FROM duplicates_mergedrecord AS gone
                JOIN duplicates_merge AS merge ON merge.id = gone.merge_id
                WHERE merge.survivor_id = %s AND NOT gone.is_undone
                UNION
                SELECT gone.record_id FROM into_it
                JOIN duplicates_merge AS merge ON merge.survivor_id = into_it.record_id
                JOIN duplicates_mergedrecord AS gone ON gone.merge_id = merge.id AND NOT gone.is_undone
            ) SELECT record_id FROM into_it ORDER BY record_id
            """,
            [customer_id],
        )
        return [int(row[0]) for row in cursor.fetchall()]
