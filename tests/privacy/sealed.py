"""An own field that is stored encrypted, as its tests make, change and look for it."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection

from zhike.accounts.models import User
from zhike.accounts.permissions import USE_API
from zhike.core.actor import SYSTEM, Actor, Reach, Sight
from zhike.core.fields import list_fields
from zhike.core.lists.grammar import read
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer
from zhike.customers.selectors import find_customers, records
from zhike.customers.services import people
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.services import definitions, indexing

from zoneinfo import ZoneInfo  # isort: skip

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
CARD, OTHER = "6222-0812-3456-7788", "6222-0899-1111-2222"
BARE = "0812-3456"  # what any part of it would show
NAME = "custom.card"
API = (USE_API, "customers.view_customer", "customers.create_customer", "customers.edit_customer")


def create(kind: Kind = Kind.TEXT, label: str = "Card", **given: Any) -> FieldDefinition:
    return definitions.create_field(actor=SYSTEM, at=AT, record=RECORD, kind=kind, label=label, **given)


def change(made: FieldDefinition, *, is_unique: bool = False, actor: Actor = SYSTEM, **given: Any) -> FieldDefinition:
    """As its page does."""
    return indexing.put_field(
        actor=actor, at=AT, record=RECORD, kind=Kind(made.kind), pk=made.pk, is_filtered=False, is_unique=is_unique,
        options=None, given={"label": made.label, **given},
    )  # fmt: skip


def add(value: str = CARD, name: str = "Ada") -> Customer:
    return people.create_customer(actor=SYSTEM, at=AT, name=name, custom={NAME: value} if value else {})


def held(pk: int) -> str:
    custom: dict[str, str] = records.get_record(actor=SYSTEM, customer_id=pk)["custom"]
    return custom.get("card", "")


def places_of(text: str) -> list[str]:
    """Tables, of whatever schema, with a row in which the text stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', nspname, relname) FROM pg_class"
            " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE nspname IN ('public', 'staging') AND relkind = 'r' ORDER BY 1"
        )
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table} AS t WHERE t::text LIKE %s)", [f"%{text}%"])  # noqa: S608
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def clerk(*more: str, card: Sight = Sight.MASKED) -> Actor:
    """Sees every customer, and the field as far as said."""
    grants = ("customers.view_customer", "customers.edit_customer", *more)
    return Actor(
        user_id=User.objects.create(username=f"clerk{User.objects.count()}", name="Clerk").pk,
        name="Clerk",
        grants={grant: Reach(is_all=True) for grant in grants},
        sights={**{one.key: Sight.WRITE for one in list_fields(RECORD)}, f"{RECORD}.{NAME}": card},
    )


def listed(actor: Actor, filter: str) -> list[int]:
    asking = Asking(actor=actor, now=AT, zone=ZoneInfo("Asia/Shanghai"))
    return find_customers(actor=actor, asking=asking, state=State(tree=read(filter)), page=Page(size=10)).items


def binned() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM recovery_binned")
        return [pk for (pk,) in cursor.fetchall()]
