"""Encrypted fields that a company adds to its customers: in the same table as the ID number, under the same keys."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q

from zhike.core.actor import Actor, Sight
from zhike.customers import sealed
from zhike.customers.models import SealedValue
from zhike.metadata import guarding
from zhike.metadata.kinds import Json, Known, read_back
from zhike.metadata.selectors import design_of

RECORD = "customers.customer"
_SHOWN = 5


class CustomerVault:
    """Where `metadata.vaults.Vault` is of customers."""

    def columns(self, name: str) -> Mapping[str, Any]:
        return sealed.columns(name)

    def open_row(self, name: str, row: dict[str, Any], *, pk: int) -> str:
        return sealed.open_row(name, row, customer_id=pk)

    def having(self, name: str, text: str) -> Q:
        return _digested(name, sealed.digests(name, text))

    def marked(self, name: str, marks: Sequence[str]) -> Q:
        return _digested(name, sealed.digests_marked(marks))

    def filled(self, name: str) -> Q:
        return Q(Exists(_of(name).filter(customer=OuterRef("pk"))))

    def hold(self, name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"zhike.sealed.{RECORD}.{name}"])

    def list_doubles(self, name: str, most: int) -> Sequence[tuple[int, Sequence[int]]]:
        # Under two keys one value has two digests.
        if _of(name).values("index_key").distinct().count() > 1:
            return _opened_doubles(name, most)
        same = _of(name).values("blind_index").annotate(count=Count("pk"), ids=ArrayAgg("customer_id", order_by="pk"))
        found = same.filter(count__gt=1).order_by("-count", "blind_index")[:most]
        return [(row["count"], row["ids"][:_SHOWN]) for row in found]

    def put(self, name: str, values: Mapping[int, str], *, keeps: bool = False) -> None:
        if keeps:
            there = set(_of(name).filter(customer__in=values).values_list("customer_id", flat=True))
            values = {pk: text for pk, text in values.items() if pk not in there}
        if not values:
            return
        seal = sealed.sealer(name)
        held = {row.customer_id: row for row in _of(name).filter(customer__in=values).select_for_update(of=("self",))}
        for pk, row in held.items():
            row.version += 1
            for column, value in seal(pk, values[pk]).items():
                setattr(row, column, value)
        SealedValue.objects.bulk_update(
            held.values(), ["sealed", "key", "blind_index", "index_key", "version"], batch_size=500
        )
        SealedValue.objects.bulk_create(
            SealedValue(customer_id=pk, field=name, **seal(pk, text)) for pk, text in values.items() if pk not in held
        )

    def count(self, name: str) -> int:
        return int(_of(name).count())

    def take(self, name: str, *, after: int, most: int) -> Mapping[int, str]:
        behind = _of(name).filter(customer_id__gt=after)
        rows = list(behind.order_by("customer_id").select_for_update(of=("self",))[:most])
        found = {row.customer_id: _opened(row) for row in rows}
        SealedValue.objects.filter(pk__in=[row.pk for row in rows]).delete()
        return found


def opened(actor: Actor, ids: Sequence[int]) -> dict[int, dict[str, Json]]:
    """The encrypted own fields of customers that were found for the actor, as `custom` would hold them: without those
    that are hidden, which are not even opened."""
    known = {one.name: one for one in list_sealed() if guarding.sight(actor, one) is not Sight.HIDDEN}
    found: dict[int, dict[str, Json]] = {pk: {} for pk in ids}
    if known and ids:
        for row in SealedValue.objects.filter(customer__in=ids, field__in=known):
            one = known[row.field]
            found[row.customer_id][one.key] = read_back(one, _opened(row))
    return found


def read(known: Known, customer_id: int) -> Json:
    """One value of a customer whom the caller has found visible."""
    return read_back(known, sealed.read_sealed(known.name, customer_id))


def list_sealed() -> list[Known]:
    """Those in use."""
    return [one for one in design_of(RECORD).known.values() if one.is_sealed]


def _opened_doubles(name: str, most: int) -> Sequence[tuple[int, Sequence[int]]]:
    holders: dict[str, list[int]] = {}
    for row in _of(name).order_by("customer_id").iterator():
        holders.setdefault(_opened(row), []).append(row.customer_id)
    found = sorted((len(ids), ids[:_SHOWN]) for ids in holders.values() if len(ids) > 1)
    return [(count, ids) for count, ids in reversed(found)][:most]


def _digested(name: str, digests: Sequence[str]) -> Q:
    return Q(Exists(_of(name).filter(customer=OuterRef("pk"), blind_index__in=digests)))


def _of(name: str) -> Any:
    return SealedValue.objects.filter(field=name)


def _opened(row: SealedValue) -> str:
    return sealed.open_sealed(row.field, row.customer_id, bytes(row.sealed), row.key_id)
