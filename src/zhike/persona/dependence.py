"""Of which tags a filter asks: no tag by rule depends on itself, and no portrait tells a group by what made it."""

from collections import deque
from dataclasses import dataclass

from django.utils.translation import gettext as _

from zhike.core.lists.grammar import Condition, FilterInvalid, Group
from zhike.customers.models import Tag
from zhike.persona.features import conditions_in
from zhike.persona.groups import read_group
from zhike.persona.models import TagRule

TAG_FIELDS = {"tag", "tag_name"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A tag with the conditions that decide who has it."""

    tag: Tag
    asked: list[Condition]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What groups were made by. tags: those asked for, and those that follow a filter which asks the same."""

    fields: set[str]
    tags: set[int]


def asks_for(asked: list[Condition], tag: Tag) -> str:
    """The operator by which one of the conditions depends on who has the tag; empty where none does."""
    return next((one.operator for one in asked if _depends(one, tag)), "")


def _depends(one: Condition, tag: Tag) -> bool:
    match one.field, one.operator:
        case "tag", "empty" | "filled":
            return True
        case "tag", "besides":
            return str(tag.pk) not in one.values
        case "tag", _:
            return str(tag.pk) in one.values
        case "tag_name", "has":
            return any(value.casefold() in tag.name.casefold() for value in one.values)
        case "tag_name", _:
            return tag.name in one.values
    return False


def way_back(tag: Tag, tree: Group) -> list[str]:
    """The fewest tags by rule through which the tag would depend on itself; empty where it does not, or at once."""
    rules = [rule for rule in _list_rules() if rule.tag != tag]
    way: dict[int, list[str]] = {}
    open_ways: deque[tuple[list[Condition], list[str]]] = deque([(conditions_in(tree), [])])
    while open_ways:
        asked, names = open_ways.popleft()
        for rule in rules:
            if rule.tag.pk in way or not asks_for(asked, rule.tag):
                continue
            way[rule.tag.pk] = [*names, rule.tag.name]
            if asks_for(rule.asked, tag):
                return way[rule.tag.pk]
            open_ways.append((rule.asked, way[rule.tag.pk]))
    return []


def why_refused(tag: Tag, tree: Group) -> str:
    """Why no rule can say this of the tag; empty where one can."""
    match asks_for(conditions_in(tree), tag):
        case "":
            way = way_back(tag, tree)
            if not way:
                return ""
            names = {"tags": _(", ").join(f"“{name}”" for name in way)}
            return _("The filter asks for the tag itself, by way of %(tags)s, which follow filters too.") % names
        case "empty" | "filled":
            return _("Whether a customer has any tag depends on this tag as well. Ask for the tags that are meant.")
        case "besides":
            return _("The filter asks for other tags than those named, so for this one too. Name it among them.")
        case _:
            return _("The filter asks for the tag itself.")


def trace_origin(*groups: Group) -> Origin:
    """What these groups were made by, straight or by way of tags that follow filters."""
    rules = _list_rules()
    asked = [one for group in groups for one in conditions_in(group)]
    behind: set[int] = set()
    while deeper := [rule for rule in rules if rule.tag.pk not in behind and asks_for(asked, rule.tag)]:
        behind |= {rule.tag.pk for rule in deeper}
        asked += [one for rule in deeper for one in rule.asked]
    fields = {one.field for one in asked} - TAG_FIELDS
    tags = {tag for tag in _list_tags(asked) if asks_for(asked, tag)}
    while following := [rule for rule in rules if rule.tag not in tags and _follows(rule, fields, tags)]:
        tags |= {rule.tag for rule in following}
    return Origin(fields=fields, tags={tag.pk for tag in tags})


def _follows(rule: Rule, fields: set[str], tags: set[Tag]) -> bool:
    """Whether the rule asks for one of the fields, or for one of the tags."""
    return any(one.field in fields for one in rule.asked) or any(asks_for(rule.asked, tag) for tag in tags)


def _list_tags(asked: list[Condition]) -> list[Tag]:
    """Those that the conditions can ask for."""
    return list(Tag.objects.all()) if any(one.field in TAG_FIELDS for one in asked) else []


def _list_rules() -> list[Rule]:
    """All rules. One that cannot be understood any more gives and takes nothing."""
    found = []
    for rule in TagRule.objects.select_related("tag").order_by("pk"):
        try:
            found.append(Rule(tag=rule.tag, asked=conditions_in(read_group(rule.query))))
        except FilterInvalid:
            continue
    return found
