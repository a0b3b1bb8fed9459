"""What to do next with a customer, by rules that anybody can check, each with the facts that it rests on."""

from calendar import isleap
from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.lists.advice import Advice, Adviser
from zhike.customers.guarded import ACTIVITY, GRADE, LAST_ORDER, STAGE, key
from zhike.customers.models import VIEW, Activity, Customer, CustomerFacts, Grade, Stage
from zhike.customers.services.activities import WRITTEN_KINDS

BIRTHDAY = key("birthday_on")
BIRTHDAY_DAYS = 7
# How long a customer of a grade goes without being spoken to; of others and of unknown grade, the last.
QUIET_DAYS: Mapping[str, int] = {Grade.TOP: 14, Grade.HIGH: 30, Grade.NORMAL: 60, Grade.SMALL: 120}
QUIET_ELSE = 60


def advise(actor: Actor, customer_id: int, today: date) -> list[Advice]:
    customer = Customer.objects.visible_to(actor).select_related("facts").get(pk=customer_id)
    facts: CustomerFacts | None = getattr(customer, "facts", None)
    found = [
        _birthday(actor, customer, today),
        _purchase(actor, facts, today) if facts else None,
        _follow_up(actor, customer, facts, today),
        _owner(customer),
    ]
    return [advice for advice in found if advice is not None]


def _birthday(actor: Actor, customer: Customer, today: date) -> Advice | None:
    born = customer.birthday_on
    if born is None or customer.kind != Customer.Kind.PERSON or not fields.reads(actor, [BIRTHDAY]):
        return None
    day = next_birthday(born, today)
    days = (day - today).days
    if days > BIRTHDAY_DAYS:
        return None
    on = date_format(day, "MONTH_DAY_FORMAT")
    if not days:
        why = _("The birthday is today.")
    else:
        why = ngettext(
            "The birthday is on %(day)s, in %(count)s day.", "The birthday is on %(day)s, in %(count)s days.", days
        )
        why = why % {"day": on, "count": days}
    return Advice(key="birthday", todo=_("Send birthday wishes"), why=why, weight=90, icon="cake")


def next_birthday(born: date, today: date) -> date:
    """The next one from today on; of who was born on 29 February, the 28th in other years."""
    for year in (today.year, today.year + 1):
        is_short = (born.month, born.day) == (2, 29) and not isleap(year)
        day = date(year, born.month, 28 if is_short else born.day)
        if day >= today:
            break
    return day


def _purchase(actor: Actor, facts: CustomerFacts, today: date) -> Advice | None:
    if facts.last_order_on is None or not facts.interval_days or not fields.reads(actor, [LAST_ORDER]):
        return None
    due = facts.last_order_on + timedelta(days=round(facts.interval_days))
    days = (today - due).days
    if days <= 0:
        return None
    said = (
        ngettext(
            "Orders about every %(interval)s days, so the next one was expected on %(day)s: %(count)s day ago.",
            "Orders about every %(interval)s days, so the next one was expected on %(day)s: %(count)s days ago.",
            days,
        )
        if facts.order_count > 1
        else ngettext(
            "Bought once. Customers usually come back after about %(interval)s days, on %(day)s: %(count)s day ago.",
            "Bought once. Customers usually come back after about %(interval)s days, on %(day)s: %(count)s days ago.",
            days,
        )
    )
    why = said % {"interval": round(facts.interval_days), "day": f"{due:%Y-%m-%d}", "count": days}
    if facts.stage == Stage.LOST and fields.reads(actor, [STAGE]):
        return Advice(key="win_back", todo=_("Ask why they stopped buying"), why=why, weight=70, icon="user-question")
    return Advice(key="purchase", todo=_("Ask what they need next"), why=why, weight=80, icon="shopping-cart")


def _follow_up(actor: Actor, customer: Customer, facts: CustomerFacts | None, today: date) -> Advice | None:
    if not fields.reads(actor, [ACTIVITY]):
        return None
    rows = Activity.objects.filter(customer=customer.pk, kind__in=WRITTEN_KINDS)
    last = rows.order_by("-happened_at", "-pk").values_list("happened_at", flat=True).first()
    grade = facts.grade if facts and facts.grade and fields.reads(actor, [GRADE]) else ""
    limit = QUIET_DAYS.get(grade, QUIET_ELSE)
    if last is None:
        return Advice(
            key="follow_up",
            todo=_("Get in touch for the first time"),
            why=_("Nobody has written down a follow-up yet."),
            weight=50,
            icon="message-2",
        )
    days = (today - last.astimezone(ZoneInfo(actor.zone)).date()).days
    if days <= limit:
        return None
    why = ngettext("The last follow-up was %(count)s day ago.", "The last follow-up was %(count)s days ago.", days)
    why %= {"count": days}
    if grade:
        wish = _("Customers of the grade “%(grade)s” should hear from us every %(limit)s days.")
        wish %= {"grade": Grade(grade).label, "limit": limit}
        why = pgettext("sentences", "%(first)s %(second)s") % {"first": why, "second": wish}
    return Advice(key="follow_up", todo=_("Follow up"), why=why, weight=60, icon="message-2")


def _owner(customer: Customer) -> Advice | None:
    if customer.owner_id is not None:
        return None
    return Advice(
        key="owner",
        todo=_("Give it an owner"),
        why=_("Nobody is responsible for this customer."),
        weight=40,
        icon="user-plus",
    )


ADVISER = Adviser(page="customer", key="customers", permission=VIEW, advise=advise)
