"""No tag by rule depends on itself, straight or by way of others."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from zhike.core.actor import SYSTEM
from zhike.customers.models import Tag
from zhike.persona.models import TagRule
from zhike.persona.services import tag_rules

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
SHANGHAI = "city:is:上海"


@pytest.fixture
def tags() -> dict[str, int]:
    return {name: Tag.objects.create(name=name).pk for name in ("甲", "乙", "丙", "Vip")}


def put(name: str, condition: str) -> TagRule:
    return tag_rules.put_rule(actor=SYSTEM, name=name, query=f"f={condition}", at=NOON)


def refused(name: str, condition: str) -> str:
    with pytest.raises(ValidationError) as refusal:
        put(name, condition)
    return str(refusal.value.message_dict["name"][0])


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("tag:is:{甲}", "标签本身"),
        ("tag:not:{乙},{甲}", "标签本身"),
        ("any(tag:is:{甲};city:is:上海)", "标签本身"),
        ("none(all(tag:is:{乙},{甲};city:is:上海))", "标签本身"),
        ("tag_name:is:甲", "标签本身"),
        ("tag_name:has:甲", "标签本身"),
        ("tag:empty:", "有没有标签"),
        ("any(tag:filled:;city:is:上海)", "有没有标签"),
        ("tag:besides:{乙}", "包括这个标签本身"),
    ],
)
def test_a_rule_does_not_ask_for_its_own_tag(tags: dict[str, int], condition: str, said: str) -> None:
    assert said in refused("甲", condition.format(**tags))
    assert not TagRule.objects.exists()


@pytest.mark.parametrize("condition", ["tag:is:{乙}", "tag:besides:{甲}", "tag_name:has:乙", SHANGHAI])
def test_a_rule_may_ask_for_other_tags(tags: dict[str, int], condition: str) -> None:
    put("甲", condition.format(**tags))
    put("甲", condition.format(**tags))  # what it says now is no cycle with what it says then


def test_case_makes_no_other_tag_of_it(tags: dict[str, int]) -> None:
    assert "标签本身" in refused("Vip", "tag_name:has:vIP")


def test_a_chain_of_rules_does_not_lead_back(tags: dict[str, int]) -> None:
    put("甲", f"tag:is:{tags['乙']}")
    put("乙", f"tag:not:{tags['丙']}")
    assert "“乙”" not in refused("乙", f"tag:is:{tags['甲']}")
    said = refused("丙", f"any(tag:is:{tags['甲']};{SHANGHAI})")
    assert "“甲”、“乙”" in said
    assert "“甲”" not in refused("丙", f"tag:is:{tags['乙']}")
    assert "“乙”" in refused("丙", f"tag:besides:{tags['丙']}")
    put("丙", SHANGHAI)


def test_a_rule_that_came_to_ask_for_itself_says_so_and_changes_nothing(tags: dict[str, int]) -> None:
    rule = put("甲", "tag_name:has:老客户")
    Tag.objects.filter(pk=tags["甲"]).update(name="老客户甲")
    assert tag_rules.ask_rule(rule_id=rule.pk, at=NOON + timedelta(hours=7)) == (0, 0)
    rule.refresh_from_db()
    assert "标签本身" in rule.failure


def test_a_rule_that_cannot_be_understood_leads_nowhere(tags: dict[str, int]) -> None:
    put("甲", SHANGHAI)
    TagRule.objects.update(query="f=((")
    put("乙", f"tag:is:{tags['甲']}")
