"""The fields of a customer that a role can be kept from, and where each of them stands."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core import fields, masking
from zhike.core.actor import Actor, Sight
from zhike.core.fields import Care, Place, RecordField, RecordKind
from zhike.customers.labels import LABELS
from zhike.customers.models import Activity, Customer, CustomerFacts, CustomerTag, Identifier, SealedValue
from zhike.metadata import guarding
from zhike.metadata.formulas.evaluating import company_today
from zhike.metadata.formulas.filling import filled, of_instance
from zhike.metadata.kinds import HOLDER

RECORD = "customers.customer"
KIND = RecordKind(key=RECORD, label=_("Customer"), permission="customers.view_customer")

# Whose record it is, and what kind of one, decides who sees it at all; nobody can be kept from that.
_ALWAYS = ("kind", "owner", "team")
_MASKS = {"name": masking.name, "birthday_on": masking.day}
_PERSONAL = ("name", "birthday_on", "note")
_IDENTIFIER_MASKS: Mapping[str, fields.Mask] = {
    Identifier.Kind.PHONE: masking.phone,
    Identifier.Kind.EMAIL: masking.email,
    Identifier.Kind.WECHAT: masking.code,
    Identifier.Kind.ADDRESS: masking.address,
    Identifier.Kind.USCC: masking.code,
    Identifier.Kind.EXTERNAL: masking.code,
}
_WITHIN: Mapping[str, fields.Mask] = {
    Identifier.Kind.PHONE: masking.phones_within,
    Identifier.Kind.EMAIL: masking.emails_within,
}


def _lowest(name: str) -> Sight:
    if name in _ALWAYS:
        return Sight.READ
    return Sight.MASKED if name == "name" else Sight.HIDDEN


# Encrypted where they lie; `customers.sealed` opens them.
SEALED: Mapping[str, str | Promise] = {"id_number": _("ID number")}
ALL_LABELS = {**LABELS, **SEALED}

# What scoring runs work out from orders. A sum of amounts is not seen by who does not see the amounts themselves.
COMPUTED: Mapping[str, str | Promise] = {
    "amount": _("Amount bought"),
    "order_count": _("Number of orders"),
    "first_order_on": _("First order"),
    "last_order_on": _("Last order"),
    "grade": _("Grade"),
    "stage": _("Life-cycle stage"),
    "r": _("Recency score (R)"),
    "f": _("Frequency score (F)"),
    "m": _("Monetary score (M)"),
}
ACTIVITY = f"{RECORD}.activity"

FIELDS = (
    RecordField(
        record=RECORD,
        name="id_number",
        label=SEALED["id_number"],
        care=Care.SENSITIVE,
        mask=masking.id_number,
        within=masking.id_numbers_within,
    ),
    *(
        RecordField(
            record=RECORD,
            name=str(kind),
            label=kind.label,
            care=Care.PLAIN if kind in (Identifier.Kind.USCC, Identifier.Kind.EXTERNAL) else Care.PERSONAL,
            mask=_IDENTIFIER_MASKS[kind],
            within=_WITHIN.get(kind),
        )
        for kind in Identifier.Kind
    ),
    *(
        RecordField(
            record=RECORD,
            name=name,
            label=label,
            care=Care.PERSONAL if name in _PERSONAL else Care.PLAIN,
            mask=_MASKS.get(name),
            lowest=_lowest(name),
        )
        for name, label in LABELS.items()
    ),
    RecordField(record=RECORD, name="activity", label=_("Follow-ups and notes"), care=Care.PERSONAL),
    *(
        RecordField(
            record=RECORD,
            name=name,
            label=label,
            mask=masking.amount if name == "amount" else None,
            is_computed=True,
            tells=("commerce.order.amount",) if name == "amount" else (),
        )
        for name, label in COMPUTED.items()
    ),
)
# Columns that say nothing about the customer; those that follow from a field, with the field.
UNGUARDED = ("id", "created_at", "updated_at", "version", "import_id", "changed_xid")
FOLLOWS = {"name_normal": "name", "name_pinyin": "name"}
UNGUARDED_FACTS = ("customer_id", "run_id", "as_of")
FACTS_FOLLOW = {"interval_days": "last_order_on", "overdue_rate": "last_order_on"}


def key(name: str) -> str:
    return f"{RECORD}.{name}"


NAME = key("name")
AMOUNT, GRADE, STAGE, LAST_ORDER = (key(name) for name in ("amount", "grade", "stage", "last_order_on"))
IDENTIFIER_KEYS = {str(kind): key(str(kind)) for kind in Identifier.Kind}


def shown_name(actor: Actor, name: str) -> str:
    """A customer's name as the actor sees it."""
    return fields.shown(actor, NAME, name)


def conceal(actor: Actor, customer: Customer) -> Customer:
    """The customer without what the actor does not see; for showing, never for saving."""
    customer.custom = filled(RECORD, customer.custom, plain=of_instance(customer), today=company_today(timezone.now()))
    for name in LABELS:
        if name in (*_ALWAYS, "tags"):
            continue
        cover = fields.covering(actor, key(name))
        if cover is None:
            continue
        value: Any = getattr(customer, name)
        setattr(customer, name, cover(str(value)) if value else value)
    for column, name in FOLLOWS.items():
        if not fields.reads(actor, [key(name)]):
            setattr(customer, column, "")
    customer.custom = guarding.conceal(actor, RECORD, customer.custom)
    return customer


def conceal_facts(actor: Actor, facts: CustomerFacts) -> CustomerFacts:
    """The figures without those that the actor does not read; for showing, never for saving."""
    follows = {**{name: name for name in (*COMPUTED, "relationship")}, **FACTS_FOLLOW}
    for column, name in follows.items():
        if not fields.reads(actor, [key(name)]):
            setattr(facts, column, "" if isinstance(getattr(facts, column), str) else None)
    return facts


def read_computed(actor: Actor) -> frozenset[str]:
    """Names of the computed fields that the actor reads."""
    return frozenset(name for name in COMPUTED if fields.reads(actor, [key(name)]))


def withheld(actor: Actor) -> dict[str, str]:
    """Which fields the actor does not read, and whether they are hidden or masked."""
    words = {Sight.HIDDEN: "hidden", Sight.MASKED: "masked"}
    levels = {field.name: fields.sight(actor, field.key) for field in FIELDS}
    closed = {name: words[level] for name, level in levels.items() if level in words}
    return closed | guarding.withheld(actor, RECORD)


def register() -> None:
    fields.register(KIND, FIELDS)
    columns = {column.attname: key(column.name) for column in Customer._meta.concrete_fields if column.name in LABELS}
    follows = {column: key(name) for column, name in FOLLOWS.items()}
    fields.place(Customer._meta.db_table, Place(columns={**columns, **follows}, holders={HOLDER: RECORD}))
    varying = Place(by="kind", varying="value", kinds=IDENTIFIER_KEYS)
    fields.place(Identifier._meta.db_table, varying)
    of_sealed = {name: key(name) for name in SEALED}
    fields.place(
        SealedValue._meta.db_table,
        Place(columns=of_sealed, by="field", varying="blind_index", kinds=of_sealed, holders={HOLDER: RECORD}),
    )
    fields.place(CustomerTag._meta.db_table, Place(columns={"tag_id": key("tags")}))
    told = dict.fromkeys(("text", "file_name", "file_path"), ACTIVITY)
    fields.place(Activity._meta.db_table, Place(columns=told, free=("text", "file_name")))
    facts = {column: key(name) for column, name in FACTS_FOLLOW.items()}
    facts |= {name: key(name) for name in (*COMPUTED, "relationship")}
    fields.place(CustomerFacts._meta.db_table, Place(columns=facts))
