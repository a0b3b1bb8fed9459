"""What customers can be filtered by."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.accounts.models import Team, User
from zhike.accounts.selectors import name_teams
from zhike.core.actor import Actor
from zhike.core.fields import COVERED
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.registry import Choices, Compile, Field, Naming
from zhike.customers.guarded import SEALED, key
from zhike.customers.models import Customer, CustomerTag, Grade, Identifier, Relationship, SealedValue, Stage, Tag
from zhike.customers.sealed import digests_marked
from zhike.customers.searching import containing

MOST_CHOICES = 500


def _of(choices: Any) -> Choices:
    def listed(actor: Actor) -> Sequence[tuple[str, str]]:
        return [(value, str(label)) for value, label in choices.choices]

    return listed


def _scores(actor: Actor) -> Sequence[tuple[str, str]]:
    return [(str(score), str(score)) for score in range(5, 0, -1)]


def _owners(actor: Actor) -> Sequence[tuple[str, str]]:
    return [(str(pk), name) for pk, name in User.objects.order_by("name").values_list("pk", "name")[:MOST_CHOICES]]


def _teams(actor: Actor) -> Sequence[tuple[str, str]]:
    return [(str(pk), name) for pk, name in name_teams().items()][:MOST_CHOICES]


def _tags(actor: Actor) -> Sequence[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Tag.objects.order_by("name").values_list("pk", "name")[:MOST_CHOICES]]


def _channels(actor: Actor) -> Sequence[tuple[str, str]]:
    """Walks from each value to the next through the index: a million customers have a handful of channels."""
    found: list[tuple[str, str]] = []
    last = ""
    while len(found) < 50:
        following = (
            Customer.objects.visible_to(actor)
            .filter(channel__gt=last)
            .order_by("channel")
            .values_list("channel", flat=True)
            .first()
        )
        if following is None:
            break
        found.append((following, following))
        last = following
    return found


def _named_teams(values: Sequence[str]) -> Mapping[str, str]:
    wanted = set(values)
    return {str(pk): name for pk, name in name_teams().items() if str(pk) in wanted}


def _named(model: type[User] | type[Tag]) -> Naming:
    def naming(values: Sequence[str]) -> Mapping[str, str]:
        keys = [int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 19]
        return {str(pk): name for pk, name in model._default_manager.filter(pk__in=keys).values_list("pk", "name")}

    return naming


def _as_written(values: Sequence[str]) -> Mapping[str, str]:
    return {}


def _name(operator: str, values: list[Any], asking: Asking) -> Q:
    text = str(values[0]) if values else ""
    match operator:
        case "is":
            return Q(name__in=values)
        case "not":
            return ~Q(name__in=values)
        case "starts":
            return Q(name__startswith=text)
        case "lacks":
            return ~Q(name__icontains=text)
        case _:
            return containing(text) & Q(name__icontains=text)


def _relationship(operator: str, values: list[Any], asking: Asking) -> Q:
    """What was set by hand speaks first, the computed depth where nothing was."""
    by_hand = Q(relationship__in=values)
    computed = Q(relationship="", facts__relationship__in=values)
    return by_hand | computed if operator == "is" else ~(by_hand | computed)


def _team(operator: str, values: list[Any], asking: Asking) -> Q:
    """A team stands for itself and all below it, if not said otherwise."""
    if operator == "only":
        return Q(team_id__in=values)
    below = reduce(or_, (Q(path__contains=f"/{team}/") for team in values), Q(pk__in=[]))
    return _choice("team_id", operator, list(Team.objects.filter(below).values_list("pk", flat=True)))


def _owner(operator: str, values: list[Any], asking: Asking) -> Q:
    return _choice("owner_id", operator, values)


def _owner_team(operator: str, values: list[Any], asking: Asking) -> Q:
    """Where the owner works now, which need not be the team that the customer belongs to."""
    below = reduce(or_, (Q(path__contains=f"/{team}/") for team in values), Q(pk__in=[]))
    owners = User.objects.filter(team__in=Team.objects.filter(below)).values_list("pk", flat=True)
    return _choice("owner_id", operator, list(owners))


def _choice(path: str, operator: str, values: list[Any]) -> Q:
    match operator:
        case "is":
            return Q(**{f"{path}__in": values})
        case "not":
            return ~Q(**{f"{path}__in": values})
        case _:
            return Q(**{f"{path}__isnull": operator == "empty"})


def _tag(operator: str, values: list[Any], asking: Asking) -> Q:
    mine = CustomerTag.objects.filter(customer=OuterRef("pk"))
    if operator == "besides":
        return Q(Exists(mine.exclude(tag__in=values)))
    chosen = Q(Exists(mine.filter(tag__in=values) if values else mine))
    return ~chosen if operator in ("not", "empty") else chosen


def _reached_by(kind: str) -> Compile:
    def compiled(operator: str, values: list[Any], asking: Asking) -> Q:
        mine = Identifier.objects.filter(customer=OuterRef("pk"), kind=kind)
        if operator == "has":
            return containing(str(values[0])) & Q(Exists(mine.filter(value_normal__icontains=values[0])))
        return Q(Exists(mine)) if operator == "filled" else ~Q(Exists(mine))

    return compiled


def _sealed(operator: str, values: list[Any], asking: Asking) -> Q:
    """By keyed digests alone: the value itself must stand in no address."""
    mine = SealedValue.objects.filter(customer=OuterRef("pk"), field="id_number")
    if operator == "is":
        return Q(Exists(mine.filter(blind_index__in=digests_marked(values))))
    return Q(Exists(mine)) if operator == "filled" else ~Q(Exists(mine))


def _covered(values: Sequence[str]) -> Mapping[str, str]:
    return dict.fromkeys(values, COVERED)


def _tag_name(operator: str, values: list[Any], asking: Asking) -> Q:
    """Of tens of thousands of tags nobody chooses from a list."""
    mine = CustomerTag.objects.filter(customer=OuterRef("pk"))
    if operator == "is":
        return Q(Exists(mine.filter(tag__name__in=values)))
    return Q(Exists(mine.filter(tag__name__icontains=values[0])))


_EITHER = ("is", "not")

FIELDS = (
    Field(
        key="name",
        reads=(key("name"),),
        label=pgettext_lazy("customer", "Name"),
        kind=Kind.TEXT,
        compile=_name,
        operators=("has", "is", "not", "starts", "lacks"),
    ),
    Field(
        key="kind",
        reads=(key("kind"),),
        label=_("Kind"),
        kind=Kind.CHOICE,
        path="kind",
        choices=_of(Customer.Kind),
        operators=_EITHER,
    ),
    Field(
        key="grade",
        reads=(key("grade"),),
        label=_("Grade"),
        kind=Kind.CHOICE,
        path="facts__grade",
        choices=_of(Grade),
        nullable=True,
    ),
    Field(
        key="stage",
        reads=(key("stage"),),
        label=_("Life-cycle stage"),
        kind=Kind.CHOICE,
        path="facts__stage",
        choices=_of(Stage),
        nullable=True,
    ),
    Field(
        key="relationship",
        reads=(key("relationship"),),
        label=_("Relationship"),
        kind=Kind.CHOICE,
        compile=_relationship,
        choices=_of(Relationship),
        operators=_EITHER,
    ),
    Field(
        key="r",
        reads=(key("r"),),
        label=_("Recency score (R)"),
        kind=Kind.INTEGER,
        path="facts__r",
        choices=_scores,
        nullable=True,
    ),
    Field(
        key="f",
        reads=(key("f"),),
        label=_("Frequency score (F)"),
        kind=Kind.INTEGER,
        path="facts__f",
        choices=_scores,
        nullable=True,
    ),
    Field(
        key="m",
        reads=(key("m"),),
        label=_("Monetary score (M)"),
        kind=Kind.INTEGER,
        path="facts__m",
        choices=_scores,
        nullable=True,
    ),
    Field(
        key="amount",
        reads=(key("amount"),),
        label=_("Amount bought"),
        kind=Kind.AMOUNT,
        path="facts__amount",
        nullable=True,
    ),
    Field(
        key="orders",
        reads=(key("order_count"),),
        label=_("Orders"),
        kind=Kind.INTEGER,
        path="facts__order_count",
        nullable=True,
    ),
    Field(
        key="last_order",
        reads=(key("last_order_on"),),
        label=_("Last order"),
        kind=Kind.DATE,
        path="facts__last_order_on",
        nullable=True,
    ),
    Field(
        key="first_order",
        reads=(key("first_order_on"),),
        label=_("First order"),
        kind=Kind.DATE,
        path="facts__first_order_on",
        nullable=True,
    ),
    Field(
        key="owner",
        reads=(key("owner"),),
        label=_("Owner"),
        kind=Kind.REFERENCE,
        compile=_owner,
        choices=_owners,
        naming=_named(User),
        knows_me=True,
    ),
    Field(
        key="owner_team",
        reads=(key("owner"),),
        label=_("Owner's team"),
        kind=Kind.REFERENCE,
        compile=_owner_team,
        choices=_teams,
        naming=_named_teams,
        operators=_EITHER,
    ),
    Field(
        key="team",
        reads=(key("team"),),
        label=_("Team"),
        kind=Kind.REFERENCE,
        compile=_team,
        choices=_teams,
        naming=_named_teams,
        operators=("is", "only", "not", "empty", "filled"),
    ),
    Field(
        key="tag",
        reads=(key("tags"),),
        label=_("Tag"),
        kind=Kind.REFERENCE,
        compile=_tag,
        choices=_tags,
        naming=_named(Tag),
        operators=("is", "besides", "not", "empty", "filled"),
    ),
    Field(
        key="tag_name",
        reads=(key("tags"),),
        label=_("Tag by its name"),
        kind=Kind.TEXT,
        compile=_tag_name,
        operators=("has", "is"),
    ),
    Field(
        key="channel",
        reads=(key("channel"),),
        label=_("Source channel"),
        kind=Kind.CHOICE,
        path="channel",
        choices=_channels,
        naming=_as_written,
    ),
    Field(key="city", reads=(key("city"),), label=_("City"), kind=Kind.TEXT, path="city"),
    Field(key="province", reads=(key("province"),), label=_("Province"), kind=Kind.TEXT, path="province"),
    Field(key="country", reads=(key("country"),), label=_("Country"), kind=Kind.TEXT, path="country"),
    Field(
        key="phone",
        reads=(key("phone"),),
        label=_("Phone"),
        kind=Kind.TEXT,
        compile=_reached_by(Identifier.Kind.PHONE),
        operators=("has", "filled", "empty"),
    ),
    Field(
        key="email",
        reads=(key("email"),),
        label=_("E-mail"),
        kind=Kind.TEXT,
        compile=_reached_by(Identifier.Kind.EMAIL),
        operators=("has", "filled", "empty"),
    ),
    Field(
        key="birthday",
        reads=(key("birthday_on"),),
        label=_("Birthday"),
        kind=Kind.DATE,
        path="birthday_on",
        nullable=True,
    ),
    Field(
        key="id_number",
        reads=(key("id_number"),),
        label=SEALED["id_number"],
        kind=Kind.TEXT,
        compile=_sealed,
        naming=_covered,
        operators=("is", "filled", "empty"),
        is_typed=False,
    ),
    Field(key="created", reads=(), label=_("Created"), kind=Kind.MOMENT, path="created_at"),
    Field(key="updated", reads=(), label=_("Updated"), kind=Kind.MOMENT, path="updated_at"),
    Field(key="id", reads=(), label=_("Customer number"), kind=Kind.INTEGER, path="pk", operators=("is", "not")),
    Field(key="import", reads=(), label=_("Import"), kind=Kind.INTEGER, path="import_id", operators=("is", "not")),
)
