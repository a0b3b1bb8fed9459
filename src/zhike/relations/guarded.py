"""Relations as a field of customers that a role can be kept from."""

from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.fields import Place, RecordField
from zhike.customers.guarded import KIND, RECORD
from zhike.relations.models import Relation

RELATION = f"{RECORD}.relation"
_COLUMNS = ("kind", "customer_id", "other_id", "role", "title", "started_on", "ended_on", "source", "note")


def register() -> None:
    fields.register(KIND, [RecordField(record=RECORD, name="relation", label=_("Related people and organisations"))])
    fields.place(Relation._meta.db_table, Place(columns=dict.fromkeys(_COLUMNS, RELATION), free=("title", "note")))
