"""Decisions that go over to whom one of the two was merged into, and back."""

from collections.abc import Sequence

from django.db import connection

from zhike.duplicates.models import Pair

# Of a pair told apart, one side or both were given up: what was said of them holds of who stayed. Where a scan has
# asked the same of those who stayed, that is answered.
_TAKE_OVER = """
WITH given AS (
    SELECT record.record_id, merge.survivor_id, merge.id AS merge_id
    FROM duplicates_mergedrecord AS record JOIN duplicates_merge AS merge ON merge.id = record.merge_id
    WHERE merge.id = ANY (%(merges)s)
), told AS (
    SELECT pair.*, given.survivor_id AS mine, given.merge_id AS by_merge, pair.second_id AS other
    FROM given JOIN duplicates_pair AS pair ON pair.first_id = given.record_id WHERE pair.state = 'distinct'
    UNION ALL
    SELECT pair.*, given.survivor_id, given.merge_id, pair.first_id
    FROM given JOIN duplicates_pair AS pair ON pair.second_id = given.record_id WHERE pair.state = 'distinct'
), theirs AS (
    SELECT told.*, COALESCE(also.survivor_id, told.other) AS theirs
    FROM told LEFT JOIN given AS also ON also.record_id = told.other
)
INSERT INTO duplicates_pair AS known
    (first_id, second_id, probability, weights, state, scan_id, decided_by_id, decided_at, merge_id)
SELECT DISTINCT ON (least(mine, theirs), greatest(mine, theirs))
    least(mine, theirs), greatest(mine, theirs), probability, weights, state, scan_id, decided_by_id, decided_at,
    by_merge
FROM theirs WHERE mine <> theirs
ORDER BY least(mine, theirs), greatest(mine, theirs), decided_at DESC
ON CONFLICT (first_id, second_id) DO UPDATE
    SET state = excluded.state, decided_by_id = excluded.decided_by_id, decided_at = excluded.decided_at,
        merge_id = excluded.merge_id
    WHERE known.state = 'open'
"""


def take_over(merge_ids: Sequence[int]) -> None:
    """What was told apart from a customer that was given up is told apart from the survivor."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_OVER, {"merges": list(merge_ids)})


def give_up(merge_id: int) -> None:
    """Of a merge that is taken back: nobody said this of the survivor; the next scan may ask."""
    Pair.objects.filter(merge_id=merge_id).delete()
