"""Files fill the company's own fields: told by their names, read by their rules, compared, and taken back."""

from decimal import Decimal
from typing import Any

import pytest
from tests.imports.conftest import AT, Bring

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.accounts.services import put_role
from zhike.core.actor import SYSTEM, Scope
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer
from zhike.exchange import services
from zhike.exchange.models import Import
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.services import definitions, sections
from zhike.metadata.services.definitions import NewOption

HEAD = ["客户编号", "姓名", "门店数", "会员等级", "会员卡号", "续约日期", "是否签约"]


@pytest.fixture(autouse=True)
def _designed(_home: None) -> None:
    def create(kind: Kind, label: str, **given: Any) -> FieldDefinition:
        return definitions.create_field(actor=SYSTEM, at=AT, record=RECORD, kind=kind, label=label, **given)

    create(Kind.NUMBER, "门店数", key="stores", rules={"most": 100})
    create(
        Kind.CHOICE, "会员等级", key="level", options=[NewOption(label="金卡"), NewOption(label="银卡")], default="银卡"
    )
    card = create(Kind.TEXT, "会员卡号", key="card")
    FieldDefinition.objects.filter(pk=card.pk).update(is_unique=True)
    create(Kind.DATE, "续约日期", key="renewal")
    create(Kind.BOOLEAN, "是否签约", label_en="Signed", key="signed")
    definitions.lock(RECORD)


def own() -> dict[str, dict[str, Any]]:
    return dict(Customer.objects.order_by("name").values_list("name", "custom"))


def test_columns_are_told_by_their_names_and_values_by_their_rules(bring: Bring) -> None:
    job = bring(
        [
            HEAD,
            ["1", "甲", "12", "金卡", "A1", "2026/3/5", "是"],
            ["2", "乙", "", "", "", "", ""],
            ["3", "丙", "101", "", "", "", ""],
            ["4", "丁", "", "钻石卡", "", "", ""],
            ["5", "戊", "3", "", "A1", "", ""],
        ]
    )
    assert set(job.mapping.values()) >= {f"custom.{key}" for key in ("stores", "level", "card", "renewal", "signed")}
    assert own() == {
        "甲": {"stores": 12, "level": "jin_ka", "card": "A1", "renewal": "2026-03-05", "signed": True},
        "乙": {"level": "yin_ka"},
    }
    assert (job.new_count, job.refused_count) == (2, 3)
    assert {(row["row"], row["reason"]) for row in job.refused_rows} == {
        (4, "own_invalid"),
        (5, "own_invalid"),
        (6, "own_taken"),
    }


def test_a_second_file_changes_what_it_says_and_its_undo_puts_it_back(bring: Bring) -> None:
    bring([HEAD, ["1", "甲", "1", "金卡", "A1", "", ""], ["2", "乙", "2", "", "B1", "", ""]])
    again: Import = bring(
        [
            HEAD,
            ["1", "甲", "2.5", "", "", "", ""],
            ["1", "甲", "", "银卡", "", "", "否"],
            ["2", "乙", "2", "", "A1", "", ""],
            ["2", "乙", "2", "", "B1", "", ""],
        ],
        name="again.csv",
    )
    assert (again.updated_count, again.refused_count) == (1, 1)
    assert own() == {
        "甲": {"stores": Decimal("2.5"), "level": "yin_ka", "card": "A1", "signed": False},
        "乙": {"stores": 2, "level": "yin_ka", "card": "B1"},
    }
    services.undo_import(actor=SYSTEM, import_id=again.pk, at=AT)
    assert own() == {
        "甲": {"stores": 1, "level": "jin_ka", "card": "A1"},
        "乙": {"stores": 2, "level": "yin_ka", "card": "B1"},
    }


def test_a_new_customer_needs_what_has_to_be_filled_in(bring: Bring) -> None:
    """Where it is shown; rows of one customer fill it together, and who is known already needs nothing."""
    bring([HEAD, ["1", "甲", "1", "", "", "", ""]])
    stores = FieldDefinition.objects.get(key="stores")
    definitions.edit_field(
        actor=SYSTEM, pk=stores.pk, is_required=True, shown_when={"field": "custom.level", "is": ["jin_ka"]}
    )
    card = FieldDefinition.objects.get(key="card")
    definitions.edit_field(actor=SYSTEM, pk=card.pk, is_required=True)
    job = bring(
        [
            HEAD,
            ["1", "甲", "", "金卡", "", "", ""],
            ["2", "乙", "", "金卡", "B1", "", ""],
            ["3", "丙", "", "", "C1", "", ""],
            ["4", "丁", "4", "金卡", "", "", ""],
            ["4", "丁", "", "", "D1", "", ""],
            ["5", "戊", "5", "", "", "", ""],
        ],
        name="again.csv",
    )
    assert set(own()) == {"甲", "丙", "丁"}
    refused = {(row["row"], row["reason"], row["value"]) for row in job.refused_rows}
    assert refused == {(3, "own_missing", "门店数"), (7, "own_missing", "会员卡号")}


def test_what_stands_in_a_section_for_some_roles_is_asked_of_their_files(bring: Bring) -> None:
    grants = {f"customers.{one}_customer": Scope.ALL for one in ("view", "create", "edit")}
    grants |= {f"exchange.{one}": Scope.ALL for one in ("view_import", "import_file")}
    sellers = put_role(actor=SYSTEM, code="s", name="s", grants=grants)
    section = sections.create_section(actor=SYSTEM, record=RECORD, name="Sales", roles=[sellers.pk])
    card = FieldDefinition.objects.get(key="card")
    definitions.edit_field(actor=SYSTEM, pk=card.pk, is_required=True, section_id=section.pk)
    actors = {}
    for name, role in (("seller", sellers), ("other", put_role(actor=SYSTEM, code="o", name="o", grants=grants))):
        user = User.objects.create(username=name, name=name)
        user.roles.set([role])
        actors[name] = actor_of(user)
    refused = bring([HEAD, ["1", "甲", "1", "", "", "", ""]], actor=actors["seller"])
    assert [(row["reason"], row["value"]) for row in refused.refused_rows] == [("own_missing", "会员卡号")]
    assert bring([HEAD, ["2", "乙", "1", "", "", "", ""]], actor=actors["other"], name="other.csv").refused_count == 0
    assert set(own()) == {"乙"}
