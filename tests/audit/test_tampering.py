"""Whatever somebody with all powers over the database does to sealed history is found, and where."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils.timezone import now

from zhike.audit import check_proof, keys, proving, sealing, services, verifying
from zhike.audit.canonical import LINES, leaf_text
from zhike.audit.models import Entry, Head, Leaf, Payload
from zhike.audit.published import head_json
from zhike.audit.tree import leaf_hash
from zhike.core.actor import SYSTEM
from zhike.customers.models import Customer, Identifier

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.usefixtures("history")]

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


def customer(name: str) -> Customer:
    return Customer(name=name, name_normal=name, name_pinyin=name, created_at=AT, updated_at=AT)


@pytest.fixture
def sealed(history: None) -> list[int]:
    """Thirty single entries under three heads, then a bulk statement under a fourth; numbers of the entries."""
    for turn in range(3):
        for number in range(10):
            customer(f"客户{turn}{number}").save()
        sealing.seal_all(at=AT)
    Customer.objects.bulk_create([customer(f"批量{number}") for number in range(1500)], batch_size=1500)
    sealing.seal_all(at=AT)
    return list(Leaf.objects.order_by("position").values_list("entry_id", flat=True))


def as_owner(*statements: str, **values: int) -> None:
    with connections["owner"].cursor() as owner:
        for statement in statements:
            owner.execute(statement, values)


def problems() -> Sequence[tuple[str, int | None]]:
    return [(problem.kind, problem.entry) for problem in verifying.verify().problems]


def test_what_was_sealed_verifies(sealed: list[int]) -> None:
    report = verifying.verify()
    assert report.problems == []
    assert (report.entries, report.texts, report.heads, report.unsealed) == (32, 1530, 4, 0)
    assert Head.objects.count() == 4
    customer("noch einer").save()
    assert verifying.verify().unsealed == 1


def test_a_changed_entry_is_named(sealed: list[int]) -> None:
    as_owner("UPDATE audit_entry SET actor_id = 99 WHERE id = %(entry)s", entry=sealed[7])
    assert ("changed", sealed[7]) in problems()


def test_a_changed_payload_is_named(sealed: list[int]) -> None:
    as_owner(
        "UPDATE audit_payload SET texts[1] = replace(texts[1], '客户', '顾客') WHERE entry_id = %(entry)s",
        entry=sealed[3],
    )
    assert ("payload", sealed[3]) in problems()


def test_one_changed_row_of_a_bulk_statement_is_named(sealed: list[int]) -> None:
    as_owner(
        "UPDATE audit_payload SET texts[700] = replace(texts[700], '批量', '散客') WHERE entry_id = %(entry)s",
        entry=sealed[30],
    )
    assert ("payload", sealed[30]) in problems()


def test_a_change_with_its_leaf_made_to_fit_is_found_between_two_heads(sealed: list[int]) -> None:
    as_owner("UPDATE audit_entry SET actor_id = 99 WHERE id = %(entry)s", entry=sealed[14])
    report = verifying.verify()
    located = next(problem for problem in report.problems if problem.kind == "changed")
    assert located.position == 14
    with connections["owner"].cursor() as owner:
        owner.execute(
            f"SELECT {LINES}, l.commitment FROM audit_entry AS e JOIN audit_leaf AS l ON l.entry_id = e.id"  # noqa: S608
            " WHERE e.id = %s",
            [sealed[14]],
        )
        lines, commitment = owner.fetchone()
        text = leaf_text(position=14, lines=lines, commitment=bytes(commitment))
        owner.execute("UPDATE audit_leaf SET leaf = %s WHERE position = 14", [leaf_hash(text.encode())])
    details = [problem.detail for problem in verifying.verify().problems]
    assert "head 2 does not match: something between 10 and 20 was changed" in details


@pytest.mark.parametrize("how", ["entry", "leaf", "both", "payload"])
def test_a_deleted_entry_is_found(sealed: list[int], how: str) -> None:
    gone = sealed[12]
    if how in {"entry", "both"}:
        as_owner("DELETE FROM audit_entry WHERE id = %(entry)s", entry=gone)
    if how in {"leaf", "both"}:
        as_owner("DELETE FROM audit_leaf WHERE position = 12")
    if how == "payload":
        as_owner("DELETE FROM audit_payload WHERE entry_id = %(entry)s", entry=gone)
    found = verifying.verify().problems
    assert any(problem.entry == gone or problem.position == 12 for problem in found)


def test_an_entry_slipped_in_is_found(sealed: list[int]) -> None:
    as_owner(
        "INSERT INTO audit_entry (id, at, actor_id, origin, request, action, table_name, row_count, ids, subject,"
        " text_count) SELECT 1000000, at, 5, '', '', action, table_name, row_count, ids, subject, text_count"
        " FROM audit_entry WHERE id = %(entry)s",
        entry=sealed[2],
    )
    assert ("inserted", 1000000) in problems()
    as_owner(
        "UPDATE audit_leaf SET position = position + 100 WHERE position > 4",
        "UPDATE audit_leaf SET position = position - 99 WHERE position > 4",
        "INSERT INTO audit_leaf SELECT 5, id, at, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')"
        " FROM audit_entry WHERE id = 1000000",
    )
    assert ("payload", 1000000) in problems()
    assert ("changed", sealed[5]) in problems()


def test_swapped_entries_are_both_named(sealed: list[int]) -> None:
    as_owner(
        "UPDATE audit_leaf SET position = -1 WHERE position = 8",
        "UPDATE audit_leaf SET position = 8 WHERE position = 21",
        "UPDATE audit_leaf SET position = 21 WHERE position = -1",
    )
    assert {("changed", sealed[8]), ("changed", sealed[21])} <= set(problems())


def test_a_cut_tail_is_found_by_a_published_head(sealed: list[int], tmp_path: Path) -> None:
    as_owner(
        "DELETE FROM audit_payload WHERE entry_id >= %(entry)s",
        "DELETE FROM audit_entry WHERE id >= %(entry)s",
        "DELETE FROM audit_leaf WHERE position >= 20",
        "DELETE FROM audit_head WHERE number > 2",
        entry=sealed[20],
    )
    assert verifying.verify().is_sound
    report = verifying.verify(against=sealing.heads_file())
    assert [problem.kind for problem in report.problems] == ["published", "published"]
    assert "its tail was cut" in report.problems[0].detail


def test_a_tree_built_anew_is_found_by_a_published_head(sealed: list[int], tmp_path: Path) -> None:
    published = tmp_path / "carried away.jsonl"
    published.write_bytes(sealing.heads_file().read_bytes())
    as_owner(
        "UPDATE audit_entry SET actor_id = 99 WHERE id = %(entry)s",
        "DELETE FROM audit_head",
        "INSERT INTO audit_unsealed SELECT entry_id, at FROM audit_leaf",
        "DELETE FROM audit_leaf",
        entry=sealed[0],
    )
    sealing.seal_all(at=AT)
    assert verifying.verify().is_sound
    assert {problem.kind for problem in verifying.verify(against=published).problems} == {"published"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_head SET root = decode(repeat('00', 32), 'hex') WHERE number = 3",
        "UPDATE audit_head SET signature = decode(repeat('00', 64), 'hex') WHERE number = 3",
        "UPDATE audit_head SET statement = replace(statement, '2026', '2025') WHERE number = 3",
        "DELETE FROM audit_head WHERE number = 3",
        "DELETE FROM audit_head WHERE number = 4",
    ],
)
def test_changed_heads_are_found(sealed: list[int], statement: str) -> None:
    as_owner(statement)
    assert not verifying.verify().is_sound


def test_nothing_is_sealed_on_top_of_a_broken_head(sealed: list[int]) -> None:
    as_owner("UPDATE audit_head SET edge[1] = decode(repeat('00', 32), 'hex') WHERE number = 4")
    customer("新").save()
    with pytest.raises(sealing.TreeBroken):
        sealing.seal_all(at=AT)


def test_a_trigger_that_was_switched_off_is_found(sealed: list[int]) -> None:
    as_owner("ALTER TABLE customers_customer DISABLE TRIGGER audit_update")
    try:
        assert [problem.kind for problem in verifying.verify().problems] == ["capture"]
    finally:
        as_owner("ALTER TABLE customers_customer ENABLE TRIGGER audit_update")


def test_an_erased_person_is_gone_and_every_proof_holds(sealed: list[int]) -> None:
    bulk = Entry.objects.get(pk=sealed[30])
    erased_id, other_id = bulk.ids[40], bulk.ids[41]
    Identifier.objects.create(
        customer_id=erased_id, kind="phone", value="13800138000", value_normal="x", strength=2, created_at=now()
    )
    Customer.objects.filter(pk=erased_id).update(name="王小明")
    sealing.seal_all(at=AT)
    before = proving.prove(entry_id=bulk.pk, row_id=other_id)
    Customer.objects.filter(pk=erased_id).update(name="李小红")  # not sealed when it is erased
    assert services.erase_history(actor=SYSTEM, subject="customers_customer", subject_id=erased_id) == 4
    for payload in Payload.objects.all():
        assert not any(word in (text or "") for text in payload.texts for word in ("13800138000", "王小明", "李小红"))
    assert Payload.objects.get(pk=bulk.pk).texts[40] is None
    assert services.erase_history(actor=SYSTEM, subject="customers_customer", subject_id=erased_id) == 0
    sealing.seal_all(at=AT)
    report = verifying.verify()
    assert report.problems == []
    assert report.erased == 4
    after = proving.prove(entry_id=bulk.pk, row_id=other_id)
    assert after["row"] == before["row"]
    check_proof.check(after, keys.public_key())
    check_proof.check(before, keys.public_key())
    with pytest.raises(proving.RowNotThere):
        proving.prove(entry_id=bulk.pk, row_id=erased_id)


def test_a_text_that_vanished_without_an_erasure_is_found(sealed: list[int]) -> None:
    services.erase_history(
        actor=SYSTEM, subject="customers_customer", subject_id=Entry.objects.get(pk=sealed[30]).ids[0]
    )
    sealing.seal_all(at=AT)
    as_owner("UPDATE audit_payload SET texts[2] = NULL WHERE entry_id = %(entry)s", entry=sealed[30])
    assert ("payload", sealed[30]) in problems()


def test_the_stand_alone_checker_takes_a_proof_and_refuses_a_changed_one(sealed: list[int], tmp_path: Path) -> None:
    def check(proof: dict[str, Any], *options: str) -> int:
        file = tmp_path / "proof.json"
        file.write_text(json.dumps(proof), encoding="utf-8")
        command = [sys.executable, "-I", "-S", check_proof.__file__, str(file), *options]
        return subprocess.run(command, capture_output=True, check=False).returncode

    proof = proving.prove(entry_id=sealed[5])
    assert proof["row"]["text"]
    assert check(proof) == 0
    assert check(proof, "--key", keys.public_key()) == 0
    assert check(proof, "--key", "00" * 32) == 1
    row = proof["row"]
    assert check({**proof, "row": {**row, "text": row["text"].replace("客户", "顾客")}}) == 1
    assert check({**proof, "entry": {**proof["entry"], "position": 6}}) == 1
    entry = proof["entry"]
    assert check({**proof, "entry": {**entry, "lines": entry["lines"].replace("insert", "delete")}}) == 1
    head = proof["head"]
    assert check({**proof, "head": {**head, "statement": head["statement"].replace("2026", "2025")}}) == 1


def test_a_head_that_somebody_kept_shows_that_the_history_goes_on_from_it(sealed: list[int], tmp_path: Path) -> None:
    kept, file = tmp_path / "kept.json", tmp_path / "proof.json"
    sizes = list(Head.objects.order_by("number").values_list("size", flat=True))
    for old in range(1, 5):
        for new in range(old, 5):
            proof = proving.prove_consistency(old_number=old, new_number=new)
            shown = check_proof.check(proof, keys.public_key())
            assert (shown["older size"], shown["newer size"]) == (sizes[old - 1], sizes[new - 1])
    for old, later in ((9, None), (3, 2), (1, 9)):
        with pytest.raises(proving.HeadNotThere):
            proving.prove_consistency(old_number=old, new_number=later)

    proof = proving.prove_consistency(old_number=2)
    head = Head.objects.get(number=2)
    kept.write_text(head_json(head.statement, bytes(head.signature)), encoding="utf-8")

    def check(said: dict[str, Any], *options: str) -> int:
        file.write_text(json.dumps(said), encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-I", "-S", check_proof.__file__, str(file), "--kept", str(kept), *options],
            capture_output=True,
            check=False,
        ).returncode

    assert check(proof, "--key", keys.public_key()) == 0
    assert check({**proof, "path": proof["path"][1:]}) == 1
    assert check(proving.prove_consistency(old_number=1)) == 1  # none of those that were kept
    # Who has the key and the database writes the history anew from the first entry on, and proves that quite well.
    as_owner(
        "TRUNCATE audit_leaf, audit_head",
        "UPDATE audit_payload SET texts[1] = replace(texts[1], '客户00', '顾客00')",
        "INSERT INTO audit_unsealed SELECT id, at FROM audit_entry WHERE action = 'insert' ORDER BY id LIMIT 20",
    )
    sealing.seal_all(at=AT)
    as_owner("INSERT INTO audit_unsealed SELECT id, at FROM audit_entry ORDER BY id DESC LIMIT 2")
    sealing.seal_all(at=AT)
    rebuilt = proving.prove_consistency(old_number=1)
    assert check_proof.check(rebuilt, keys.public_key())
    assert check(rebuilt) == 1
    assert check(proving.prove_consistency(old_number=2)) == 1


def test_our_own_signature_check_agrees_with_the_library() -> None:
    for number in range(5):
        message = f"message {number}".encode() * number
        signature = keys.signing_key().sign(message)
        key = bytes.fromhex(keys.public_key())
        assert check_proof.is_signed(key, message, signature)
        assert not check_proof.is_signed(key, message + b"!", signature)
        assert not check_proof.is_signed(key, message, signature[:-1] + bytes([signature[-1] ^ 1]))
        assert not check_proof.is_signed(key, message, bytes([signature[0] ^ 1]) + signature[1:])
