"""The wizard from upload to undo, with the worker's part done in the test's own process."""

from io import BytesIO
from pathlib import Path

import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.actor import SYSTEM, Scope
from zhike.customers.models import Customer
from zhike.exchange import services
from zhike.exchange.models import Import
from zhike.runtime.home import Home

FILE = "客户编号,客户名称,手机号,城市\nA1,王伟,13800138000,上海\nA2,李娜,1.38E+10,杭州\nA3,张敏,13900139000,北京\n"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Settings) -> None:
    home = Home(path=tmp_path / "home")
    home.create()
    settings.HOME = home


@pytest.fixture
def boss() -> User:
    roles = accounts.put_builtin_roles(actor=SYSTEM)
    return accounts.create_user(
        actor=SYSTEM,
        username="boss",
        name="老板",
        password="long enough for all",
        roles=[roles["administrator"]],
        locale="en",
    )


@pytest.fixture
def browser(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


def upload(browser: Client, text: str = FILE, name: str = "客户.csv") -> Import:
    file = BytesIO(text.encode("gb18030"))
    file.name = name
    answer = browser.post("/imports/upload/", {"file": file, "kind": ""})
    assert answer.status_code == 302
    return Import.objects.latest("pk")


def columns_of(job: Import) -> dict[str, str]:
    chosen = {f"column_{place}": job.mapping.get(column, "") for place, column in enumerate(job.columns)}
    return {"source": "shop", "currency": "CNY", **chosen}


def test_the_columns_of_an_upload_are_shown_with_their_first_values(browser: Client) -> None:
    job = upload(browser)
    page = browser.get(f"/imports/{job.pk}/").content.decode()
    assert job.mapping == {"客户编号": "external_id", "客户名称": "name", "手机号": "phone", "城市": "city"}
    assert "<code>王伟</code>" in page
    assert "<code>13800138000</code>" in page


def test_a_mapping_gets_a_name_and_says_when_it_is_used_again(browser: Client, boss: User) -> None:
    job = upload(browser)
    assert b"known-sources" in browser.get(f"/imports/{job.pk}/").content
    browser.post(f"/imports/{job.pk}/columns/", {**columns_of(job), "name": "Till"})
    services.apply_import(actor=actor_of(boss), import_id=job.pk, at=now())
    again = upload(browser)
    page = browser.get(f"/imports/{again.pk}/").content.decode()
    assert "Read by the mapping “Till”, last used" in page
    assert 'name="name" value="Till"' in page
    assert 'data-fill="id_source">shop</button>' in page
    assert (again.source, again.mapping) == ("shop", job.mapping)
    browser.post(f"/imports/{again.pk}/columns/", {**columns_of(again), "name": ""})
    page = browser.get(f"/imports/{upload(browser).pk}/").content.decode()
    assert "Read like the last file with these columns" in page


def test_the_source_of_a_file_with_mostly_the_same_columns_is_proposed(browser: Client, boss: User) -> None:
    job = upload(browser)
    browser.post(f"/imports/{job.pk}/columns/", columns_of(job))
    services.apply_import(actor=actor_of(boss), import_id=job.pk, at=now())
    other = upload(browser, FILE.replace("城市", "等级"), "客户 0102.csv")
    assert (other.source, other.mapping.get("城市")) == ("shop", None)
    assert 'name="source" value="shop"' in browser.get(f"/imports/{other.pk}/").content.decode()


def test_check_apply_and_undo_from_the_browser(browser: Client, boss: User) -> None:
    job = upload(browser)
    assert browser.post(f"/imports/{job.pk}/columns/", columns_of(job)).status_code == 302
    running = browser.get(f"/imports/{job.pk}/progress/", headers={"HX-Request": "true"})
    assert "Waiting for its turn" in running.content.decode()
    services.preview_import(actor=actor_of(boss), import_id=job.pk, at=now())
    assert Customer.objects.count() == 0
    page = browser.get(f"/imports/{job.pk}/").content.decode()
    assert "1 row cannot be taken" in page
    assert "1.38E+10" in page

    browser.post(f"/imports/{job.pk}/apply/")
    services.apply_import(actor=actor_of(boss), import_id=job.pk, at=now())
    over = browser.get(f"/imports/{job.pk}/progress/", headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["张敏", "王伟"]
    refused = browser.get(f"/imports/{job.pk}/refused/").getvalue()
    assert "李娜" in refused.decode("gb18030")

    browser.post(f"/imports/{job.pk}/undo/")
    services.undo_import(actor=actor_of(boss), import_id=job.pk, at=now())
    assert Customer.objects.count() == 0
    assert "Taken back on" in browser.get(f"/imports/{job.pk}/").content.decode()


def test_a_mapping_without_a_currency_is_refused_and_nothing_is_queued(browser: Client) -> None:
    job = upload(browser)
    answer = browser.post(f"/imports/{job.pk}/columns/", {**columns_of(job), "currency": "QQQ"})
    assert answer.status_code == 422
    job.refresh_from_db()
    assert job.status == Import.Status.RECOGNISED


def test_an_unreadable_upload_says_why_and_leaves_nothing(browser: Client) -> None:
    file = BytesIO(b"PK\x03\x04 this is no workbook")
    file.name = "broken.xlsx"
    answer = browser.post("/imports/upload/", {"file": file})
    assert answer.status_code == 422
    assert "broken.xlsx" in answer.content.decode()
    assert not Import.objects.exists()


@pytest.mark.parametrize("path", ["", "progress/", "refused/"])
def test_another_persons_import_does_not_exist_for_a_representative(browser: Client, path: str) -> None:
    job = upload(browser)
    other = accounts.create_user(
        actor=SYSTEM,
        username="seller",
        name="销售",
        password="long enough for all",
        roles=[
            accounts.put_role(
                actor=SYSTEM,
                code="importer",
                name="importer",
                grants={"exchange.view_import": Scope.OWN, "exchange.import_file": Scope.OWN},
            )
        ],
    )
    browser.force_login(other)
    assert browser.get(f"/imports/{job.pk}/{path}").status_code == 404


def test_somebody_without_the_grant_is_refused(browser: Client) -> None:
    job = upload(browser)
    nobody = accounts.create_user(actor=SYSTEM, username="guest", name="客人", password="long enough for all", roles=[])
    browser.force_login(nobody)
    assert browser.get("/imports/").status_code == 403
    assert browser.post(f"/imports/{job.pk}/apply/").status_code == 403
    job.refresh_from_db()
    assert job.status == Import.Status.RECOGNISED
