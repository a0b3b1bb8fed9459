"""Calling colleagues to an entry of the time line: `@name` in its text.

Only who may see the customer and read the time line hears of it; whoever else was named is told to the writer at once.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Length, Lower

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.customers.guarded import ACTIVITY
from zhike.customers.models import Activity, Customer, Mention

MOST = 20
_LONGEST = 150
_CALL = re.compile(r"(?<![A-Za-z0-9._%+@-])@(?=\S)")
_WORD = re.compile(r"[A-Za-z0-9_]")


@dataclass(kw_only=True)
class Called:
    """Who was named. told: who hears of it; deaf: who may not see the customer, or not read what is written about it;
    unclear: names that several colleagues have."""

    told: list[User] = field(default_factory=list)
    deaf: list[User] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)


def find_called(*, actor: Actor, customer_id: int, text: str) -> Called:
    """Whom a text names, of those who may log in, without the writer."""
    found = Called()
    for call in list(_CALL.finditer(text))[:MOST]:
        users = _named(text[call.end() : call.end() + _LONGEST])
        if len(users) > 1:
            found.unclear.append(users[0].name)
        elif users and users[0].pk != actor.user_id and users[0] not in (*found.told, *found.deaf):
            (found.told if hears(users[0], customer_id) else found.deaf).append(users[0])
    found.unclear = list(dict.fromkeys(found.unclear))
    return found


def hears(user: User, customer_id: int) -> bool:
    """Whether somebody may see the customer and read what is written about it. The caller sees the customer."""
    other = actor_of(user)
    return fields.reads(other, [ACTIVITY]) and Customer.objects.visible_to(other).filter(pk=customer_id).exists()


def tell_called(*, actor: Actor, activity: Activity, at: datetime) -> Called:
    """Write down who hears of a new entry; within the transaction around."""
    called = find_called(actor=actor, customer_id=activity.customer_id, text=activity.text)
    Mention.objects.bulk_create(
        [Mention(activity=activity, user=user, created_at=at) for user in called.told], ignore_conflicts=True
    )
    return called


def list_colleagues(*, actor: Actor, customer_id: int, typed: str, limit: int = 6) -> Sequence[tuple[User, bool]]:
    """Colleagues whose name or user name begins with what is typed or holds it, each with whether they would hear:
    those first who would. Looked for are those near the customer, then others.
    """
    rows = User.objects.filter(is_active=True, kind=User.Kind.PERSON).exclude(pk=actor.user_id or 0)
    if typed:
        rows = rows.filter(Q(name__icontains=typed) | Q(username__istartswith=typed))
    near = Customer.objects.filter(pk=customer_id)
    is_far = Case(
        When(Q(pk__in=near.values("owner")) | Q(team__in=near.values("team")), then=Value(0)), default=Value(1)
    )
    found = rows.select_related("team").order_by(is_far, Length("name"), "name", "pk")[: 2 * limit]
    return sorted(((user, hears(user, customer_id)) for user in found), key=lambda one: not one[1])[:limit]


@transaction.atomic
def see_mentions(*, actor: Actor, mention_ids: Collection[int], at: datetime) -> int:
    """The actor has looked at these, as far as they name them; how many were new."""
    rows = Mention.objects.filter(pk__in=mention_ids, user=actor.user_id or 0, seen_at=None)
    return rows.update(seen_at=at)


def _named(tail: str) -> list[User]:
    """The colleagues whose name or user name the text begins with; of several names the longest."""
    rows = (
        User.objects.filter(is_active=True, kind=User.Kind.PERSON)
        .annotate(tail=Lower(Value(tail)))
        .filter(Q(tail__startswith=Lower(F("name"))) | Q(tail__startswith=Lower(F("username"))))
    )
    fits = [(name, user) for user in rows for name in _names_of(user, tail)]
    longest = max((len(name) for name, _user in fits), default=0)
    return list(dict.fromkeys(user for name, user in fits if len(name) == longest))


def _names_of(user: User, tail: str) -> Iterable[str]:
    for name in filter(None, (user.name, user.username)):
        begins = tail.lower().startswith(name.lower())
        goes_on = _WORD.match(name[-1]) and _WORD.match(tail[len(name) : len(name) + 1])
        if begins and not goes_on:
            yield name
