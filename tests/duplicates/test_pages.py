"""Comparing, merging and undoing on the pages and over the API; links of what was merged lead to what stayed."""

from typing import Any

import pytest
from django.test import Client
from tests.api.conftest import Hire, Program, body_of, boss, fixture_of_hire  # noqa: F401
from tests.duplicates.conftest import Make

from zhike.accounts.models import User
from zhike.customers.models import Customer
from zhike.duplicates.models import Merge


@pytest.fixture
def program(boss: Program) -> Program:  # noqa: F811
    return boss


@pytest.fixture
def client(program: Program) -> Client:
    found = Client()
    found.force_login(program.user)
    return found


def test_the_page_merges_what_was_chosen_and_its_notice_undoes_it(client: Client, make: Make) -> None:
    first, other = make("张伟", orders=1, city="上海"), make("张玮", city="苏州")
    ids = {"id": [first.pk, other.pk]}
    page = client.get("/duplicates/compare/", ids).content.decode()
    assert page.count('type="radio"') == 4
    # In a list in groups somebody can be ticked twice.
    ids = {"id": [*ids["id"], ids["id"][0]]}
    sent = client.get("/duplicates/compare/", ids, headers={"HX-Request": "true"})
    assert sent.headers["HX-Redirect"] == f"/duplicates/compare/?id={first.pk}&id={other.pk}"

    data = {**ids, "survivor": first.pk, "choose-name": other.pk, "choose-place": first.pk}
    done = client.post("/duplicates/compare/", data)
    assert done["Location"] == f"/customers/{first.pk}/"
    first.refresh_from_db()
    assert (first.name, first.city) == ("张玮", "上海")
    merge = Merge.objects.get()
    assert f"/duplicates/merges/{merge.pk}/" in client.get(f"/duplicates/customers/{first.pk}/panel/").content.decode()

    for path in ("", "history/", "time-line/?kind=note"):
        followed = client.get(f"/customers/{other.pk}/{path}")
        assert (followed.status_code, followed["Location"]) == (307, f"/customers/{first.pk}/{path}")
    assert client.post(f"/customers/{other.pk}/activities/", {"kind": "note", "text": "x"}).status_code == 404
    assert client.get("/customers/99999999/").status_code == 404

    assert "张玮" in client.get(f"/duplicates/merges/{merge.pk}/").content.decode()
    undone = client.post(f"/duplicates/merges/{merge.pk}/undo/", headers={"HX-Request": "true"})
    assert (undone.status_code, "recordsChanged" in undone.headers["HX-Trigger"]) == (204, True)
    assert client.post(f"/duplicates/merges/{merge.pk}/undo/").status_code == 409
    assert client.get(f"/customers/{other.pk}/").status_code == 200
    refused = client.post("/duplicates/compare/", {**ids, "survivor": 99999999})
    assert refused.status_code == 422
    assert client.get("/duplicates/compare/", {"id": 99999999}).status_code == 404


def test_programs_merge_follow_ids_and_undo(program: Program, make: Make) -> None:
    first, other = make("张伟", orders=1), make("张玮", orders=2)
    answered = program.post(f"/customers/{first.pk}/merge", {"record_ids": [other.pk], "choices": {"name": other.pk}})
    assert answered.status_code == 201
    merge: Any = body_of(answered)
    assert (merge["record_ids"], merge["moved"]["commerce_order.customer_id"]) == ([other.pk], 2)
    assert body_of(program.get(f"/merges/{merge['id']}")) == merge
    moved = program.send("PATCH", f"/customers/{other.pk}", {"city": "x"})
    assert (moved.status_code, moved["Location"]) == (307, f"/api/v1/customers/{first.pk}")
    again = program.post(f"/customers/{other.pk}/merge", {"record_ids": [first.pk]})
    assert (again.status_code, body_of(again)["code"]) == (409, "merged_already")
    cycle = program.post(f"/customers/{first.pk}/merge", {"record_ids": [first.pk]})
    assert body_of(cycle)["code"] == "merge_cycle"
    undone = body_of(program.post(f"/merges/{merge['id']}/undo", None))
    assert (undone["record_ids"], undone["kept"], undone["left_out"]) == ([other.pk], [], [])
    assert Customer.objects.filter(pk=other.pk).exists()
    assert User.objects.filter(pk=program.user.pk).exists()
