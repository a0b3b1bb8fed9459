"""What was done to a customer together with many others, in its time line."""

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhike.bulk.models import Act, Outcome, Record, Verb
from zhike.bulk.saying import say_before, say_change, title_of
from zhike.core.actor import Actor
from zhike.customers.models import VIEW
from zhike.customers.timeline import Entry, Request, Source, behind

SOURCE = "bulk"
KIND = "bulk_change"


def source() -> Source:
    return Source(key=SOURCE, kinds=[(KIND, gettext_lazy("Bulk change"))], permission=VIEW, entries=_entries)


def _entries(asked: Request) -> list[Entry]:
    rows = Record.objects.filter(record_id=asked.customer_id, outcome=Outcome.CHANGED).exclude(act__verb=Verb.DELETE)
    rows = rows.annotate(happened_at=F("act__made_at")).filter(behind(asked.before, source=SOURCE, at="happened_at"))
    found = list(rows.select_related("act__user").order_by("-happened_at", "-pk")[: asked.limit])
    seen = set(
        Act.objects.visible_to(asked.actor).filter(pk__in=[one.act_id for one in found]).values_list("pk", flat=True)
    )
    return [_entry(asked.actor, one, is_seen=one.act_id in seen) for one in found]


def _entry(actor: Actor, row: Record, *, is_seen: bool) -> Entry:
    if row.act.verb == Verb.TAG or not row.before:
        said = say_change(actor, row.act.change)
        lines = [_("%(field)s: %(value)s") % {"field": one.label, "value": one.after or one.before} for one in said]
    else:
        [values] = say_before(actor, row.act.change, [row.before])
        lines = [
            _("%(field)s: %(before)s → %(after)s")
            % {"field": one.label, "before": one.before or "—", "after": one.after or "—"}
            for one in values
        ]
    if row.undone == Outcome.UNDONE:
        lines.append(_("Taken back"))
    return Entry(
        at=row.act.made_at,
        source=SOURCE,
        key=row.pk,
        kind=KIND,
        title=title_of(row.act.verb),
        icon="list-check",
        lines=lines or [_("Fields that your role does not see")],
        by=str(row.act.user) if row.act.user else "",
        url=reverse("show_act", args=[row.act_id]) if is_seen else "",
    )
