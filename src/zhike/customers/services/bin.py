"""How customers go into the recycle bin and come back."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhike.audit.wording import table_label
from zhike.core import fields
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.customers.guarded import IDENTIFIER_KEYS, NAME, shown_name
from zhike.customers.models import Customer, CustomerSearch, Identifier
from zhike.customers.own_copies import taken_from_bin
from zhike.customers.services import restoring
from zhike.customers.services.people import get_for_edit
from zhike.customers.services.search import refresh_search
from zhike.recovery.kinds import Bin, Collision, Kind

CODE = "customers.customer"
DELETE = "customers.delete_customer"


def collided(actor: Actor, table: str, row: Mapping[str, Any]) -> Collision:
    """An identifier that somebody else has by now, in words."""
    if table != Identifier._meta.db_table:
        return Collision(
            said=gettext("%(part)s %(id)s is there already.") % {"part": table_label(table), "id": row["id"]}
        )
    same = {name: row[name] for name in ("kind", "system", "value_normal")}
    with seeing_everything():
        held_by = list(
            Identifier.objects.filter(strength=Identifier.Strength.UNIQUE, **same).values_list("customer_id")
        )
    holder = Customer.objects.visible_to(actor).filter(pk__in=[pk for (pk,) in held_by]).first()
    value = fields.shown(actor, IDENTIFIER_KEYS[row["kind"]], row["value"])
    if holder is None:
        said = gettext("“%(value)s” belongs to a customer outside your data scope by now.") % {"value": value}
        return Collision(said=said)
    name = shown_name(actor, holder.name)
    said = gettext("“%(value)s” belongs to %(name)s by now.") % {"value": value, "name": name}
    return Collision(said=said, url=reverse("show_customer", args=[holder.pk]))


CUSTOMERS = Kind(
    code=CODE,
    model=Customer,
    label=_("customer"),
    view_permission="customers.view_customer",
    edit_permission="customers.edit_customer",
    url_name="show_customer",
    name="name",
    guard=NAME,
    lock=lambda actor, pk: get_for_edit(actor=actor, customer_id=pk),
    restorable=restoring.RESTORABLE,
    put_back=restoring.put_back,
    bin=Bin(
        delete_permission=DELETE,
        keywords="name_pinyin",
        left_out=(CustomerSearch,),
        restored=lambda ids: refresh_search(customer_ids=ids),
        collided=collided,
        returning=taken_from_bin,
    ),
)
