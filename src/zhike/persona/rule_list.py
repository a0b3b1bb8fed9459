"""The tags that have a rule, ready to be shown."""

from dataclasses import dataclass

from zhike.core.lists import registry
from zhike.core.lists.conditions import in_words
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.operators import Asking
from zhike.customers.listing import KEY
from zhike.customers.selectors.listing import list_url
from zhike.persona.groups import read_group
from zhike.persona.models import TagRule


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """said: the filter in words, empty where the reader may not know it. url: who has the tag; filter_url: who fits."""

    rule: TagRule
    said: str
    url: str
    filter_url: str


def list_rules(*, asking: Asking) -> list[RuleRow]:
    """By the tag's name."""
    rules = TagRule.objects.select_related("tag", "created_by").order_by("tag__name")
    return [_row(rule, asking) for rule in rules]


def _row(rule: TagRule, asking: Asking) -> RuleRow:
    try:
        said = in_words(read_group(rule.query), of=registry.get(KEY), asking=asking)
    except FilterInvalid:
        said = ""
    filter_url = f"/customers/?{rule.query}" if said else ""
    return RuleRow(rule=rule, said=said, url=list_url(tag=rule.tag_id), filter_url=filter_url)
