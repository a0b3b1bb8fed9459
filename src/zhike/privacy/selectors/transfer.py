"""What a person may take to somebody else: what they gave us and what was observed of them, for programs to read.

A ZIP file with `data.json`, the JSON Schema it follows, each table once more as CSV, and a vCard. Scores, notes and
tags are ours and stay out. Names of tables and columns are those of the program, whatever language is set.
"""

import csv
import io
import json
import zipfile
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.personal import Class, Holding, kept, list_holdings
from zhike.customers.models import Customer, Identifier
from zhike.metadata import filed
from zhike.metadata.models import Kind
from zhike.metadata.selectors import design_of
from zhike.privacy.permissions import HANDLE

OURS = {Class.STAFF, Class.SECRET, Class.DERIVED, Class.FREE}
_OURS = (Kind.LONG_TEXT, Kind.USER, Kind.TEAM)
FORMAT = "zhike-transfer"
VERSION = 1
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Data of one person, to be taken to another controller (GDPR article 20, PIPL article 45)",
    "type": "object",
    "required": ["format", "version", "person", "tables"],
    "properties": {
        "format": {"const": FORMAT},
        "version": {"const": VERSION},
        "person": {
            "description": "Who it is about; kind: person or organisation.",
            "type": "object",
            "required": ["kind", "name"],
            "properties": {"kind": {"type": "string"}, "name": {"type": "string"}},
        },
        "tables": {
            "description": "A table each; moments in ISO 8601, amounts as decimal text.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "title", "columns", "rows"],
                "properties": {
                    "name": {"type": "string"},
                    "title": {"type": "string"},
                    "columns": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["name", "title", "type"],
                            "properties": {one: {"type": "string"} for one in ("name", "title", "type")},
                        },
                    },
                    "rows": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
    },
}
_CARD = {Identifier.Kind.PHONE: "TEL", Identifier.Kind.EMAIL: "EMAIL"}
LONGEST_LINE = 75  # bytes, RFC 6350


def transfer_archive(*, actor: Actor, customer_id: int) -> bytes:
    """The ZIP file.

    :raises zhike.core.fields.FieldsClosed: it would hold what the actor's roles keep from them
    """
    require(actor, HANDLE)
    reader = fields.as_clerk(actor)
    closed: set[str] = set()
    with seeing_everything():
        customer = Customer.objects.get(pk=customer_id)
        tables = [table for one in list_holdings() if (table := _table(one, customer_id, reader, closed))]
        card = _card(customer, list(Identifier.objects.filter(customer=customer).order_by("kind", "pk")))
    if closed:
        raise fields.FieldsClosed([one for one in fields.list_fields() if one.key in closed])
    told = {
        "format": FORMAT,
        "version": VERSION,
        "person": {"kind": customer.kind, "name": customer.name},
        "tables": tables,
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("data.json", json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        target.writestr("schema.json", json.dumps(SCHEMA, indent=1))
        target.writestr("contact.vcf", card)
        for table in tables:
            target.writestr(f"{table['name']}.csv", _csv(table))
    return archive.getvalue()


def _table(holding: Holding, customer_id: int, reader: Actor, closed: set[str]) -> dict[str, Any] | None:
    known = kept(holding.model)
    if not (holding.is_copied and holding.is_theirs) or known is None:
        return None
    if holding.tell is not None:
        told = holding.tell(customer_id)
        names = list(told[0]) if told else []
        columns = [{"name": name, "title": _title(holding, name), "type": "Text"} for name in names]
        rows = told
    else:
        taken = [one for one in holding.model._meta.concrete_fields if known.class_of(one.name) not in OURS]
        columns = [
            {"name": one.attname, "title": str(one.verbose_name), "type": one.get_internal_type().removesuffix("Field")}
            for one in taken
        ]
        rows = list(holding.rows(customer_id).order_by("pk").values(*[one.attname for one in taken]))
        columns += _put_own(holding, customer_id, rows)
    if not rows:
        return None
    closed |= fields.closed_in(reader, holding.model._meta.db_table, rows)
    return {
        "name": holding.model._meta.db_table,
        "title": str(holding.label),
        "columns": columns,
        "rows": rows,
    }


def _put_own(holding: Holding, customer_id: int, rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The company's own fields, put into the rows under their names, without what our people wrote at length, or who
    they are; the columns."""
    columns: dict[str, dict[str, str]] = {}
    for holder, record in fields.place_of(holding.model._meta.db_table).holders.items():
        known = design_of(record).every
        held = holding.rows(customer_id).order_by("pk").values_list(holder, flat=True)
        for row, values in zip(rows, held, strict=True):
            for key, value in values.items():
                if key in known and known[key].kind not in _OURS:
                    row[known[key].name] = filed.names(value) if known[key].kind in filed.FILES else value
                    columns[known[key].name] = {
                        "name": known[key].name,
                        "title": known[key].named,
                        "type": known[key].kind.value,
                    }
    return list(columns.values())


def _title(holding: Holding, name: str) -> str:
    [key] = fields.place_of(holding.model._meta.db_table).keys(name, {})
    return str(fields.get(key).label)


def _csv(table: dict[str, Any]) -> str:
    # Plain values, as they are in the JSON; the mark lets spreadsheets read Chinese.
    rows = json.loads(json.dumps(table["rows"], cls=DjangoJSONEncoder))
    target = io.StringIO()
    writer = csv.DictWriter(target, [column["name"] for column in table["columns"]])
    writer.writeheader()
    writer.writerows(rows)
    return "\ufeff" + target.getvalue()


def _card(customer: Customer, known: list[Identifier]) -> str:
    """The way to reach somebody as vCard 4.0."""
    is_person = customer.kind == Customer.Kind.PERSON
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"KIND:{'individual' if is_person else 'org'}"]
    lines.append(f"FN:{_escape(customer.name)}")
    if customer.birthday_on:
        lines.append(f"BDAY:{customer.birthday_on:%Y%m%d}")
    for one in known:
        if name := _CARD.get(Identifier.Kind(one.kind)):
            lines.append(f"{name}:{_escape(one.value)}")
        elif one.kind == Identifier.Kind.ADDRESS:
            place = (customer.city, customer.province, "", customer.country)
            lines.append(f"ADR:;;{_escape(one.value)};{';'.join(_escape(part) for part in place)}")
    lines.append("END:VCARD")
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _escape(text: str) -> str:
    for sign in "\\,;":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _fold(line: str) -> list[str]:
    """In lines of at most 75 bytes, of which each but the first begins with a blank."""
    folded, rest = [], ""
    for sign in line:
        if len((rest + sign).encode()) > LONGEST_LINE:
            folded.append(rest)
            rest = " "
        rest += sign
    return [*folded, rest]
