"""What a customer is to another one, from either end."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.customers.models import Customer
from zhike.relations.models import Relation

PERSON, ORGANISATION = Customer.Kind.PERSON, Customer.Kind.ORGANISATION
ANY = (PERSON, ORGANISATION)


@dataclass(frozen=True, kw_only=True)
class Aspect:
    """What the other one is to this customer. is_other_end: it stands at the end that the kind speaks of (`other`).

    own, theirs: which kinds of customers this one and the other may be. order: in lists.
    """

    key: str
    kind: str
    label: str | Promise
    is_other_end: bool
    own: tuple[str, ...]
    theirs: tuple[str, ...]
    order: int


ASPECTS: Mapping[str, Aspect] = {
    one.key: one
    for one in (
        Aspect(
            key="parent",
            kind=Relation.Kind.PARENT,
            label=_("Parent company"),
            is_other_end=True,
            own=(ORGANISATION,),
            theirs=(ORGANISATION,),
            order=1,
        ),
        Aspect(
            key="subsidiary",
            kind=Relation.Kind.PARENT,
            label=_("Subsidiary"),
            is_other_end=False,
            own=(ORGANISATION,),
            theirs=(ORGANISATION,),
            order=2,
        ),
        Aspect(
            key="employer",
            kind=Relation.Kind.WORK,
            label=pgettext_lazy("relation", "Works at"),
            is_other_end=True,
            own=(PERSON,),
            theirs=(ORGANISATION,),
            order=3,
        ),
        Aspect(
            key="contact",
            kind=Relation.Kind.WORK,
            label=pgettext_lazy("relation", "Works here"),
            is_other_end=False,
            own=(ORGANISATION,),
            theirs=(PERSON,),
            order=4,
        ),
        Aspect(
            key="household",
            kind=Relation.Kind.HOUSEHOLD,
            label=pgettext_lazy("relation", "Same household"),
            is_other_end=True,
            own=(PERSON,),
            theirs=(PERSON,),
            order=5,
        ),
        Aspect(
            key="referrer",
            kind=Relation.Kind.REFERRAL,
            label=pgettext_lazy("relation", "Referred by"),
            is_other_end=True,
            own=ANY,
            theirs=ANY,
            order=6,
        ),
        Aspect(
            key="referred",
            kind=Relation.Kind.REFERRAL,
            label=pgettext_lazy("relation", "Was referred by this customer"),
            is_other_end=False,
            own=ANY,
            theirs=ANY,
            order=7,
        ),
        Aspect(
            key="other",
            kind=Relation.Kind.OTHER,
            label=pgettext_lazy("relation", "Other relation"),
            is_other_end=True,
            own=ANY,
            theirs=ANY,
            order=8,
        ),
    )
}
SAME_FROM_BOTH = (Relation.Kind.HOUSEHOLD, Relation.Kind.OTHER)
_BY_END = {(one.kind, one.is_other_end): one for one in ASPECTS.values()}


def aspect_of(kind: str, *, is_other_end: bool) -> Aspect:
    """What somebody at this end of a relation is to the one at its other end."""
    return _BY_END[kind, True] if kind in SAME_FROM_BOTH else _BY_END[kind, is_other_end]


def choices_for(kind: str) -> list[tuple[str, str]]:
    """What others may be to a customer of this kind, as value and label."""
    return [(one.key, str(one.label)) for one in ASPECTS.values() if kind in one.own]
