"""What merges keep of a field that becomes encrypted: which rows of the vault are theirs to undo."""

import json
from collections.abc import Mapping, Sequence

from django.db import connection, transaction
from django.db.models import QuerySet
from simplejson import JSONEncoder

from zhike.core.database import ExactDecoder
from zhike.customers.models import SealedValue
from zhike.customers.services.sealing import rows_unedited
from zhike.duplicates.models import Merge
from zhike.metadata.kinds import HOLDER, Json, Known, read_back, written

AT_ONCE = 500
SERVED = f"{SealedValue._meta.db_table}.customer_id"
_NAMING = """
    SELECT id FROM duplicates_merge WHERE id > %(after)s AND fields ? 'custom' AND EXISTS (
        SELECT FROM jsonb_array_elements_text(fields -> 'custom') AS one WHERE one::jsonb ? %(key)s)
    ORDER BY id LIMIT %(most)s
"""


def forget_merged(known: Known) -> None:
    """Merges know the value no longer, and take it back from the survivor all the same."""
    last = 0
    while ids := _list_naming(known, after=last):
        with transaction.atomic():
            settle(known, ids)
        last = ids[-1]


def settle(known: Known, merge_ids: Sequence[int], *, is_moving: bool = False) -> None:
    """Let merges before the field was encrypted be undone as those after it are: by the rows that they wrote.

    is_moving: where the survivor's value is not in the vault, it may be on its way still, and the merge stays as it is.
    """
    merges = list(Merge.objects.select_for_update().filter(pk__in=merge_ids).order_by("pk"))
    # The last one where somebody emptied the field in between.
    givers = {one.survivor_id: one for one in merges if one.undone_at is None and _given(known, one)}
    rows = rows_unedited(known.name, givers.keys())
    for one in merges:
        row, text = rows.get(one.survivor_id, (0, ""))
        is_given = givers.get(one.survivor_id) is one and text == _given(known, one)
        if is_given:
            one.journal.setdefault("served", {}).setdefault(SERVED, []).append(row)
        if is_given or not is_moving:
            one.fields[HOLDER] = [_encoded(_without(known, own)) for own in _before_and_after(one)]
    Merge.objects.bulk_update(merges, ["fields", "journal"])


def return_merged(known: Known) -> None:
    """It is encrypted no longer: merges know the value again, as those of any other field do."""
    last = 0
    while merges := list(_having_rows().filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = merges[-1].pk
        rows = rows_unedited(known.name, {one.survivor_id for one in merges})
        for one in merges:
            row, text = rows.get(one.survivor_id, (0, ""))
            if row in one.journal["served"][SERVED]:
                one.journal["served"][SERVED].remove(row)
                before, after = _before_and_after(one)
                one.fields[HOLDER] = [_encoded(before), _encoded({**after, known.key: read_back(known, text)})]
        Merge.objects.bulk_update(merges, ["fields", "journal"])


def _having_rows() -> QuerySet[Merge]:
    return Merge.objects.select_for_update().filter(undone_at=None, journal__served__has_key=SERVED)


def _list_naming(known: Known, *, after: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_NAMING, {"key": known.key, "after": after, "most": AT_ONCE})
        return [pk for (pk,) in cursor.fetchall()]


def _given(known: Known, merge: Merge) -> str:
    """What the survivor got, as the vault writes it; empty where it had a value, or got none."""
    before, after = _before_and_after(merge)
    return written(known, after[known.key]) if known.key in after and known.key not in before else ""


def _before_and_after(merge: Merge) -> list[Mapping[str, Json]]:
    return [json.loads(text, cls=ExactDecoder) for text in merge.fields.get(HOLDER, ("{}", "{}"))]


def _without(known: Known, own: Mapping[str, Json]) -> Mapping[str, Json]:
    return {key: value for key, value in own.items() if key != known.key}


def _encoded(own: Mapping[str, Json]) -> str:
    return JSONEncoder(sort_keys=True).encode(own)
