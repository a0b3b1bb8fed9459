"""What relations advise about a customer."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.lists.advice import Advice, Adviser
from zhike.customers.models import VIEW
from zhike.relations.guarded import RELATION
from zhike.relations.models import Relation


def advise(actor: Actor, customer_id: int, _today: date) -> list[Advice]:
    """Of an organisation whose people are known, who decides should be known as well."""
    if not fields.reads(actor, [RELATION]):
        return []
    rows = Relation.objects.filter(other=customer_id, kind=Relation.Kind.WORK, ended_on=None)
    roles = list(rows.values_list("role", flat=True)[:100])
    if not roles or Relation.Role.DECIDER in roles:
        return []
    why = ngettext(
        "%(count)s person is known who works there; who decides is not.",
        "%(count)s people are known who work there; who decides is not.",
        len(roles),
    )
    return [
        Advice(
            key="decider",
            todo=_("Find out who decides"),
            why=why % {"count": len(roles)},
            weight=30,
            icon="user-search",
        )
    ]


ADVISER = Adviser(page="customer", key="relations", permission=VIEW, advise=advise)
