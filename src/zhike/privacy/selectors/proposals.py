"""What persons want to be put right, and what was, as far as the reader may see the fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor, Sight
from zhike.customers.guarded import IDENTIFIER_KEYS, key
from zhike.privacy.models import Proposal, Request
from zhike.privacy.permissions import HANDLE
from zhike.privacy.services.proposing import PREFIX, list_correctable


@dataclass(frozen=True, kw_only=True)
class ProposalRow:
    """One proposal. now: what stands there; None where there is nothing to compare with any more.

    is_read: whether the reader sees the values, and so can accept it; otherwise they are covered.
    """

    proposal: Proposal
    label: str
    seen: str
    value: str
    now: str | None
    is_read: bool

    @property
    def is_changed_since(self) -> bool:
        return self.now is not None and self.now != self.seen


def list_proposals(*, actor: Actor, one: Request) -> list[ProposalRow]:
    """The proposals of a request, in the order in which they were made."""
    require(actor, HANDLE)
    if one.kind != Request.Kind.CORRECT or one.customer_id is None:
        return []
    reader = fields.as_clerk(actor)
    offered = {found.name: found.value for found in list_correctable(actor=actor, customer_id=one.customer_id)}
    with seeing_everything():
        found = Proposal.objects.filter(request=one).select_related("proposed_by", "decided_by").order_by("pk")
        return [
            ProposalRow(
                proposal=row,
                label=str(fields.get(row.key).label),
                seen=fields.shown(reader, row.key, row.seen),
                value=fields.shown(reader, row.key, row.value),
                now=offered.get(row.field),
                is_read=fields.sight(reader, row.key) >= Sight.READ,
            )
            for row in found
        ]


def shown_changes(actor: Actor, one: Request) -> list[dict[str, Any]]:
    """What was corrected, with its values as the reader sees them."""
    reader = fields.as_clerk(actor)
    found = []
    for change in one.changes:
        closed = [name for name in _keys_of(change) if fields.sight(reader, name) < Sight.READ]
        told = {name: change[name] for name in ("field", "label", "before", "after")}
        if "key" in change:
            told["label"] = str(fields.get(change["key"]).label)
        if closed:
            told |= {side: fields.shown(reader, closed[0], change[side]) for side in ("before", "after")}
        found.append(told)
    return found


def _keys_of(change: Mapping[str, str]) -> list[str]:
    """The field it is about; earlier ones do not say of which kind an identifier was, so that it may be any."""
    if "key" in change:
        return [change["key"]]
    return list(IDENTIFIER_KEYS.values()) if change["field"].startswith(PREFIX) else [key(change["field"])]
