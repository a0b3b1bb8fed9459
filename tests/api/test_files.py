"""Files over the API: into fields and beside entries, once, and to whom they belong."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image
from tests.api.conftest import Hire, Program, body_of, make_customer

from zhike.core.actor import SYSTEM, Scope
from zhike.exchange.files import thumbnails
from zhike.metadata.models import Kind
from zhike.metadata.services.definitions import create_field

PDF = b"%PDF-1.7\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = type(settings.HOME)(path=tmp_path)
    monkeypatch.setattr(settings, "HOME", made)
    return made.files_dir


@pytest.fixture
def boss(hire: Hire) -> Program:
    create_field(
        actor=SYSTEM,
        at=datetime.now(UTC),
        record="customers.customer",
        kind=Kind.FILE,
        label="Paper",
        rules={"files": 2},
    )
    return hire("boss", scope=Scope.ALL)


def files_in(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file()]


def test_a_field_takes_a_file_once_gives_it_and_lets_it_go(boss: Program, home: Path) -> None:
    customer = make_customer(name="张三", owner=boss.user)
    place = f"/customers/{customer.pk}/files/paper"
    made = boss.upload(place, PDF, "合同.pdf", Idempotency_Key="one")
    again = boss.upload(place, PDF, "合同.pdf", Idempotency_Key="one")
    other = boss.upload(place, PDF + b"x", "合同.pdf", Idempotency_Key="one")
    assert [one.status_code for one in (made, again, other)] == [201, 201, 422]
    assert (made.content, len(files_in(home))) == (again.content, 1)
    row = body_of(made)
    assert body_of(boss.get(place))["items"] == [row]
    told = {"id": row["id"], "name": "合同.pdf", "size": len(PDF)}
    assert body_of(boss.get(f"/customers/{customer.pk}"))["custom"]["paper"] == [told]
    answer = boss.get(f"{place}/{row['id']}")
    assert (b"".join(answer), answer.headers["Content-Type"]) == (PDF, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    [change] = body_of(boss.get(f"/customers/{customer.pk}/activities"))["items"][0]["changes"]
    assert change == {"field": "custom.paper", "before": "", "after": "合同.pdf"}
    assert boss.send("DELETE", f"{place}/{row['id']}").status_code == 204
    assert boss.get(f"{place}/{row['id']}").status_code == 404
    put_back = {"custom": {"paper": [row["id"]]}}
    assert boss.send("PATCH", f"/customers/{customer.pk}", put_back).status_code == 200


def test_what_is_refused_leaves_nothing_behind(boss: Program, home: Path) -> None:
    customer = make_customer(name="张三", owner=boss.user)
    place = f"/customers/{customer.pk}/files/paper"
    assert boss.upload(place, b"<html><script>").status_code == 422
    assert boss.post(place, {"file": "x"}).status_code == 422
    assert boss.upload(f"/customers/{customer.pk}/files/none").status_code == 404
    assert (files_in(home), body_of(boss.get(place))["items"]) == ([], [])


def test_an_entry_takes_one_file_of_its_author(boss: Program, hire: Hire, home: Path) -> None:
    customer = make_customer(name="张三", owner=boss.user)
    entry = body_of(boss.post(f"/customers/{customer.pk}/activities", {"kind": "note", "text": "签了"}))
    place = f"/customers/{customer.pk}/activities/{entry['id']}/file"
    assert (entry["file"], boss.get(place).status_code) == (None, 404)
    assert hire("colleague", scope=Scope.ALL).upload(place).status_code == 409
    told = {"name": "合同.pdf", "media_type": "application/pdf", "size": len(PDF), "is_open": True}
    assert body_of(boss.upload(place, PDF, "合同.pdf"))["file"] == told
    assert (boss.upload(place).status_code, b"".join(boss.get(place))) == (409, PDF)
    elsewhere = f"/customers/{make_customer(name='李四', owner=boss.user).pk}/activities/{entry['id']}/file"
    assert boss.get(elsewhere).status_code == boss.send("DELETE", elsewhere).status_code == 404
    assert [boss.send("DELETE", place).status_code for _time in range(2)] == [204, 404]
    assert len(files_in(home)) == 1


def test_a_picture_in_a_field_is_given_small_once_it_is_made(boss: Program, hire: Hire) -> None:
    customer = make_customer(name="张三", owner=boss.user)
    place = f"/customers/{customer.pk}/files/paper"
    content = BytesIO()
    Image.new("RGB", (900, 600), "red").save(content, "PNG")
    small = f"{place}/{body_of(boss.upload(place, content.getvalue(), '门店.png'))['id']}/small"
    first = boss.get(small)
    assert (first.status_code, first.headers["Retry-After"], first.content) == (202, "1", b"")
    for maker in list(thumbnails._makers):
        maker.join()
    made = boss.get(small)
    assert (made.status_code, made.headers["Content-Type"]) == (200, "image/webp")
    assert Image.open(BytesIO(b"".join(made))).size == (240, 160)
    no_picture = boss.get(f"{place}/{body_of(boss.upload(place, PDF, '合同.pdf'))['id']}/small")
    assert (no_picture.status_code, hire("guest", scope=Scope.OWN).get(small).status_code) == (404, 404)


def test_what_is_over_the_day_of_the_keys_owner_is_a_problem_with_a_name(
    boss: Program, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "UPLOAD_DAY_BYTES", len(PDF))
    customer = make_customer(name="张三", owner=boss.user)
    place = f"/customers/{customer.pk}/files/paper"
    first, second = boss.upload(place, PDF, Idempotency_Key="one"), boss.upload(place, PDF)
    again = boss.upload(place, PDF, Idempotency_Key="one")
    assert [one.status_code for one in (first, second, again)] == [201, 422, 201]
    assert second.headers["Content-Type"].startswith("application/problem+json")
    assert body_of(second)["code"] == "upload_allowance_used"
    assert (len(files_in(home)), len(body_of(boss.get(place))["items"])) == (1, 1)
