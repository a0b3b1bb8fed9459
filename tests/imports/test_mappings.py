"""Mappings that are remembered, by the columns of a file and by name, and the source that is proposed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.imports.test_customers import user
from tests.imports.test_work import zhike

from zhike.cli.output import Exit
from zhike.core.actor import SYSTEM, Actor, Reach, Scope
from zhike.exchange import services
from zhike.exchange.mappings import MappingUnfit
from zhike.exchange.models import Import, Mapping

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
Bring = Callable[..., Import]


def test_columns_are_remembered_for_the_next_file(bring: Bring) -> None:
    rows = [("号", "谁", "在哪"), ("A1", "王伟", "上海")]
    job = bring(rows, apply=False, kind="customers", name="first.csv")
    mapping = {"号": "external_id", "谁": "name", "在哪": "city"}
    services.put_mapping(actor=SYSTEM, import_id=job.pk, mapping=mapping, at=AT, source="till", name="收银")
    assert services.apply_import(actor=SYSTEM, import_id=job.pk, at=AT).new_count == 1
    again = bring(rows, kind="customers", name="second.csv")
    assert (again.mapping, again.source, again.unchanged_count) == (mapping, "till", 1)
    named = bring(rows, kind="customers", name="third.csv", mapping_name="收银")
    assert named.unchanged_count == 1
    with pytest.raises(MappingUnfit):
        bring(rows, kind="customers", mapping_name="没有这个")
    waiting = bring(rows, kind="customers", apply=False)
    with pytest.raises(MappingUnfit):
        services.put_mapping(actor=SYSTEM, import_id=waiting.pk, mapping={"没有": "name"}, at=AT)
    with pytest.raises(services.ImportNotReady):
        services.put_mapping(actor=SYSTEM, import_id=job.pk, mapping=mapping, at=AT)


def test_an_operator_finds_a_mapping_by_name_whoever_saved_it(tmp_path: Path) -> None:
    clerk = user("clerk", Scope.ALL)
    said = {"号码": "external_id", "称呼": "name", "联系方式": "phone"}
    job = uploaded(clerk, tmp_path / "clerk.csv", "号码,称呼,联系方式\nA1,王伟,13800138000\n")
    services.put_mapping(actor=clerk, import_id=job.pk, mapping=said, at=AT, source="till", name="收银客户")
    file = tmp_path / "next day.csv"
    file.write_text("号码,称呼,联系方式,柜台\nA1,王伟,13800138000,1\nA2,李娜,13900139000,2\n", encoding="utf-8")

    done = zhike("import", file, "--mapping", "收银客户", "--json")
    assert done.returncode == Exit.DONE, done.stderr
    told = json.loads(done.stdout)
    assert (told["kind"], told["source"], told["new"], told["refused"]) == ("customers", "till", 2, 0)
    assert "mapping: 收银客户" in done.stderr
    assert "柜台 → —" in done.stderr


def test_of_several_mappings_with_one_name_the_latest_that_fits_is_taken(tmp_path: Path) -> None:
    first, second, third = (user(name, Scope.ALL) for name in ("first", "second", "third"))
    for day, (clerk, content, said) in enumerate(
        [
            (first, "a,b\n1,x\n", {"a": "external_id", "b": "name"}),
            (second, "a,b\n1,x\n", {"b": "name"}),
            (third, "c,d\n1,x\n", {"d": "name"}),
        ]
    ):
        job = uploaded(clerk, tmp_path / "any.csv", content)
        at = AT + timedelta(days=day)
        services.put_mapping(actor=clerk, import_id=job.pk, mapping=said, at=at, name="会员")
    chosen = services.start_import(
        actor=SYSTEM, file=tmp_path / "any.csv", name="any.csv", at=AT, mapping_name="会员", kind="customers"
    )
    assert chosen.mapping == {"d": "name"}
    (tmp_path / "any.csv").write_text("a,b,e\n1,x,y\n", encoding="utf-8")
    chosen = services.start_import(actor=SYSTEM, file=tmp_path / "any.csv", name="any.csv", at=AT, mapping_name="会员")
    assert chosen.mapping == {"b": "name"}
    # Somebody who sees their own imports only does not read by what others have said.
    alone = replace(first, grants={**first.grants, "exchange.view_import": Reach(user_ids=(first.user_id or 0,))})
    chosen = uploaded(alone, tmp_path / "any.csv", "a,b,e\n1,x,y\n", mapping_name="会员")
    assert chosen.mapping == {"a": "external_id", "b": "name"}


def test_a_mapping_that_is_not_there_or_does_not_fit_is_named_with_those_that_are(tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_text("号码,称呼\nA1,王伟\n", encoding="utf-8")
    done = zhike("import", file, "--mapping", "收银")
    assert (done.returncode, "目前还没有取过名称的列对应" in done.stderr) == (Exit.FAILED, True)
    clerk = user("clerk", Scope.ALL)
    for name, column in (("收银客户", "称呼"), ("网店会员", "昵称")):
        job = uploaded(clerk, tmp_path / "other.csv", f"号码,{column},{name}\nA1,王伟,1\n")
        mapping = {"号码": "external_id", column: "name"}
        services.put_mapping(actor=clerk, import_id=job.pk, mapping=mapping, at=AT, name=name)
    done = zhike("import", file, "--mapping", "收银", "--json")
    message = json.loads(done.stdout)["error"]["message"]
    assert "“收银”" in message
    assert {"收银客户", "网店会员"} <= set(message.rpartition("：")[2].strip("。").split(" · "))
    done = zhike("import", file, "--mapping", "网店会员")
    assert (done.returncode, done.stdout.strip()) == (Exit.FAILED, "")
    assert "“网店会员”不适用于 members.csv，文件中缺少这些列：昵称" in done.stderr
    assert not Import.objects.filter(name="members.csv").exists()


def test_a_name_is_kept_until_another_or_none_is_given(bring: Bring) -> None:
    rows = [("号", "谁"), ("A1", "王伟")]
    job = bring(rows, apply=False, kind="customers")
    for given, kept in (("收银", "收银"), (None, "收银"), ("门店", "门店"), ("", "")):
        services.put_mapping(actor=SYSTEM, import_id=job.pk, mapping={"谁": "name"}, at=AT, name=given)
        assert Mapping.objects.get().name == kept


def test_a_source_is_proposed_where_somebody_looks_at_it(bring: Bring, tmp_path: Path) -> None:
    bring([("客户编号", "姓名", "手机", "城市"), ("A1", "王伟", "13800138000", "上海")], source="till")
    text = "客户编号,姓名,手机,等级\nA1,王伟,13800138000,金\n"
    proposed = uploaded(SYSTEM, tmp_path / "0102.csv", text, is_looked_at=True)
    assert proposed.source == "till"
    assert uploaded(SYSTEM, tmp_path / "0102.csv", text).source == "0102"
    other = uploaded(SYSTEM, tmp_path / "web.csv", "姓名,邮箱,公司\n王伟,a@b.cn,青禾\n", is_looked_at=True)
    assert other.source == "web"


def uploaded(actor: Actor, file: Path, text: str, **options: Any) -> Import:
    file.write_text(text, encoding="utf-8")
    return services.start_import(actor=actor, file=file, name=file.name, at=AT, **{"kind": "customers", **options})
