"""What this app holds about people."""

from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Holding, classify, hold
from zhike.privacy.models import (
    Consent,
    Erasure,
    Minor,
    Proposal,
    Purpose,
    Request,
    RetentionRule,
    ScrubbedTable,
    Suppression,
)

classify(
    Erasure,
    Class.NONE,
    {
        Class.SECRET: ("person", "identifiers", "traces"),
        Class.NONE: ("removed", "found", "digest", "step"),
        Class.STAFF: ("requested_by",),
    },
)
classify(ScrubbedTable, Class.NONE, {Class.NONE: ("name",)})
classify(
    Request, Class.PERSONAL, {Class.FREE: ("wish", "identity", "outcome", "changes"), Class.STAFF: ("handled_by",)}
)
classify(
    Proposal,
    Class.PERSONAL,
    {
        Class.NONE: ("field", "key"),
        Class.FREE: ("seen", "value", "reason"),
        Class.STAFF: ("proposed_by", "decided_by"),
    },
)
classify(Purpose, Class.NONE, {Class.NONE: ("name", "data", "recipients", "kept")})
classify(Consent, Class.PERSONAL, {Class.FREE: ("wording", "evidence"), Class.STAFF: ("recorded_by",)})
classify(Suppression, Class.NONE, {Class.SECRET: ("identifier",)})
classify(RetentionRule, Class.NONE, {Class.NONE: ("basis",)})
classify(Minor, Class.SENSITIVE, {Class.FREE: ("guardian",)})


def register() -> None:
    hold(Holding(model=Consent, path="customer", label=_("Consents"), order=20))
    hold(Holding(model=Minor, path="customer", label=_("Under 14"), order=20))
    hold(Holding(model=Proposal, path="customer", label=_("Proposed corrections"), order=40, is_theirs=False))
    hold(
        Holding(
            model=Request,
            path="customer",
            label=_("Requests"),
            order=50,
            is_theirs=False,
            erase=_forget_asker,
            stays=_("That a request was answered in time is kept, without whose it was."),
        )
    )


def _forget_asker(customer_id: int) -> int:
    rows = Request.objects.filter(customer=customer_id)
    return rows.update(customer=None, wish="", identity="", outcome="", changes=[])
