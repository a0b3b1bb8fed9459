"""A group's portrait, ready to be shown."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhike.core.access import require
from zhike.core.errors import DomainError
from zhike.core.lists.grammar import EVERYTHING, Group
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import Count
from zhike.customers.models import VIEW
from zhike.customers.selectors.sampling import Sample, draw
from zhike.persona import measures
from zhike.persona.dependence import trace_origin
from zhike.persona.features import Quality
from zhike.persona.groups import read_group, say_group
from zhike.persona.measures import FEWEST, Finding
from zhike.ui import formatting

SAMPLE = 10_000
MOST_LINES = 40
IN_WORDS = 3
STRENGTHS = {
    "large": gettext_lazy("Large"),
    "medium": gettext_lazy("Medium"),
    "small": gettext_lazy("Small"),
    "none": gettext_lazy("Slight"),
}
HALF = 100  # units from the middle of a bar to its end


class GroupTooSmall(DomainError):
    """So few that what is said of them would be said of persons."""

    code = "group_too_small"
    status = 422

    def __init__(self) -> None:
        super().__init__(gettext_lazy("A group of fewer than %(count)s customers has no portrait.") % {"count": FEWEST})


class GroupsAreOne(DomainError):
    code = "groups_are_one"
    status = 422

    def __init__(self) -> None:
        super().__init__(gettext_lazy("These are the same customers. Choose another group to compare with."))


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two groups. said: its filter in words. url: its customers."""

    said: str
    count: Count
    url: str
    is_sampled: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """A feature that the groups differ in.

    first, second: shares or medians as text, with where these customers are listed. start, width: of the bar, from 0 to
    twice HALF. interval: of the difference, as text.
    """

    label: str
    first: str
    second: str
    first_url: str
    second_url: str
    start: float
    width: float
    is_more: bool
    difference: str
    interval: str
    strength: str
    is_share: bool


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """lines: the most characteristic first. more, less: the strongest in words. tested: how many features."""

    first: Side
    second: Side
    lines: list[Line]
    more: list[str]
    less: list[str]
    tested: int
    differing: int


def draw_portrait(*, asking: Asking, first: str, second: str = "", currency: str, language: str) -> Portrait:
    """What is characteristic of a group. first, second: addresses of lists; without the second: all others.

    :raises PermissionDenied: the actor may not see customers
    :raises FilterInvalid: a list's address makes no sense, or asks for what the actor does not read
    :raises GroupTooSmall, GroupsAreOne: nothing can be said
    """
    require(asking.actor, VIEW)
    one = read_group(first)
    other = read_group(second) if second else Group("none", (one,)) if one.items else None
    if other is None or other == one:
        raise GroupsAreOne
    # What somebody may not ask about is refused here, before anything is counted.
    said = tuple(say_group(tree, asking) for tree in (one, other))
    samples = tuple(draw(asking=asking, tree=tree, limit=SAMPLE) for tree in (one, other))
    if min(len(sample.ids) for sample in samples) < FEWEST:
        raise GroupTooSmall
    made_by = trace_origin(one, other)
    found = measures.contrast_groups(
        asking, first=samples[0].ids, second=samples[1].ids, without=made_by.fields, tags=made_by.tags
    )
    shown = [finding for finding in found if finding.is_shown]
    told = _Teller(trees=(one, other), currency=currency, language=language)
    lines = [told.line(finding) for finding in shown[:MOST_LINES]]
    return Portrait(
        first=_side(said[0], samples[0], one),
        second=_side(said[1] if second else _("All others"), samples[1], other),
        lines=lines,
        more=[line.label for line in lines if line.is_more][:IN_WORDS],
        less=[line.label for line in lines if not line.is_more][:IN_WORDS],
        tested=len(found),
        differing=len(shown),
    )


def _side(said: str, sample: Sample, tree: Group) -> Side:
    return Side(
        said=said,
        count=sample.count,
        url=_address(State(tree=tree)),
        is_sampled=sample.count.value > len(sample.ids),
    )


def _address(state: State) -> str:
    query = state.query()
    return f"/customers/?{query}" if query else "/customers/"


@dataclass(frozen=True, kw_only=True)
class _Teller:
    """Says findings as one person reads figures."""

    trees: tuple[Group, Group]
    currency: str
    language: str

    def line(self, finding: Finding) -> Line:
        contrast, is_share = finding.contrast, isinstance(finding.feature, Quality)
        size = min(1.0, abs(contrast.effect) / 2) * HALF
        bounds = (formatting.percent(contrast.low, digits=1), formatting.percent(contrast.high, digits=1))
        urls = [self._url(finding, tree) for tree in self.trees]
        return Line(
            label=finding.feature.label,
            first=self._say(finding, finding.first),
            second=self._say(finding, finding.second),
            first_url=urls[0],
            second_url=urls[1],
            start=round(HALF - (0 if contrast.effect > 0 else size), 1),
            width=round(max(size, 1), 1),
            is_more=contrast.effect > 0,
            difference=f"{'+' if contrast.delta > 0 else ''}{formatting.percent(contrast.delta, digits=1)}",
            interval=" – ".join(bounds),
            strength=str(STRENGTHS[finding.strength]),
            is_share=is_share,
        )

    def _say(self, finding: Finding, value: object) -> str:
        if isinstance(finding.feature, Quality):
            return formatting.percent(Decimal(str(value)), digits=1)
        if isinstance(value, date):
            return value.isoformat()
        if finding.feature.name == "facts__amount":
            return formatting.money(Decimal(str(value)), currency=self.currency, language=self.language)
        return formatting.number(Decimal(str(value)), language=self.language)

    def _url(self, finding: Finding, tree: Group) -> str:
        if isinstance(finding.feature, Quality):
            items = (
                (*tree.items, finding.feature.condition) if tree.joiner == "all" else (tree, finding.feature.condition)
            )
            return _address(State(tree=Group("all", items)))
        state = State(tree=tree if tree.items else EVERYTHING)
        return _address(
            replace(state, sort=finding.feature.sort, is_descending=True) if finding.feature.sort else state
        )
