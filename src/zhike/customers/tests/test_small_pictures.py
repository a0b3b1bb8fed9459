"""Thumbnails of pictures in fields: to whom they open, what they look like from outside, and that they go with them."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from zhike.accounts.models import FieldAccess, User
from zhike.core import personal
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.core.personal import Traces
from zhike.customers.guarded import IDENTIFIER_KEYS, RECORD
from zhike.customers.models import Customer
from zhike.customers.services import attaching, entry_files, filling, sweeping
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer, files_in, put_file
from zhike.exchange.files import thumbnails
from zhike.metadata.models import Kind
from zhike.metadata.services import definitions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


@pytest.fixture
def mine(company: Company, make_customer: MakeCustomer) -> Customer:
    rules = {"files": 3}
    definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.FILE, label="Photo", rules=rules)
    return make_customer("张伟", owner=company.seller, team=company.shop)


def picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (900, 600), "red").save(made, "PNG")
    return made.getvalue()


def put(customer: Customer, content: bytes, name: str = "门店.png") -> str:
    """Where its thumbnail opens."""
    return f"/customers/{customer.pk}/files/custom.photo/{put_file(customer, content, name, 'photo')}/small/"


def client_of(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def endings(home: Path) -> list[str]:
    return sorted(path.suffix for path in files_in(home))


def finish() -> None:
    for maker in list(thumbnails._makers):
        maker.join()


def seen(client: Client, address: str) -> Any:
    """What stands there once it is made."""
    answer = client.get(address)
    if "Retry-After" in answer.headers:
        finish()
        answer = client.get(address)
    return answer


def test_it_opens_to_who_reads_the_field_and_is_kept_by_nobody_else(
    company: Company, mine: Customer, home: Path
) -> None:
    address, seller = put(mine, picture()), client_of("seller")
    answer = seen(seller, address)
    content = b"".join(answer.streaming_content)
    assert (answer.headers["Content-Type"], content[:4], len(content) < 4096) == ("image/webp", b"RIFF", True)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert seller.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    for name, status in (("manager", 200), ("colleague", 404), ("guest", 403)):
        assert client_of(name).get(address).status_code == status, name
    assert Client().get(address).status_code == 302
    assert f'src="{address}"' in seller.get(f"/customers/{mine.pk}/").content.decode()
    for role in company.manager.roles.all():
        FieldAccess.objects.create(role=role, field=f"{RECORD}.custom.photo", level=1)
    assert client_of("manager").get(address).status_code == 404
    assert endings(home) == [".png", ".small"]


def test_a_list_shows_it_small(mine: Customer) -> None:
    definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.IMAGE, label="Face")
    made = put_file(mine, picture(), "a.png", "face")
    page = client_of("seller").get("/customers/?cols=name,custom.face").content.decode()
    assert f'<img src="/customers/{mine.pk}/files/custom.face/{made}/small/"' in page


def test_where_there_is_nothing_to_see_stands_a_sign(mine: Customer) -> None:
    seller = client_of("seller")
    for content, name in ((b"\x89PNG\r\n\x1a\n" + b"\xff" * 99, "x.png"), (b"%PDF-1.7\n", "x.pdf")):
        answer = seen(seller, put(mine, content, name))
        said = (answer.status_code, answer.headers["Content-Type"], answer.headers["Cache-Control"])
        assert said == (200, "image/svg+xml", "private, no-cache")
        assert (
            seller.get(answer.wsgi_request.path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
        )


def test_no_page_waits_for_one(mine: Customer, home: Path) -> None:
    """What comes at once is larger than any of them: so pages know that they are to ask again."""
    seller, address = client_of("seller"), put(mine, picture())
    told: Any = seller.get(address)
    said = (told.status_code, told.headers["Content-Type"], told.headers["Cache-Control"], told.headers["Retry-After"])
    assert said == (200, "image/svg+xml", "no-store", "1")
    assert (b'width="1000"' in told.content, thumbnails.EDGE < 500) == (True, True)
    finish()
    assert (seller.get(f"{address}?again=1").headers["Content-Type"], len(endings(home))) == ("image/webp", 2)


def test_a_picture_beside_an_entry_stands_small_in_the_time_line(company: Company, mine: Customer, home: Path) -> None:
    seller = company.actor("seller")
    file = attaching.Given(content=BytesIO(picture()), name="名片.png")
    with acting(seller, origin="web"):
        entry = attaching.add_with_file(actor=seller, customer_id=mine.pk, kind="note", text="签了", file=file, at=NOON)
    address = f"/customers/activities/{entry.pk}/file/"
    page = client_of("seller").get(f"/customers/{mine.pk}/").content.decode()
    assert (f'<img src="{address}small/"' in page, f'<img src="{address}"' in page) == (True, False)
    assert seen(client_of("seller"), f"{address}small/").headers["Content-Type"] == "image/webp"
    for name, status in (("manager", 200), ("colleague", 404), ("guest", 403)):
        assert client_of(name).get(f"{address}small/").status_code == status, name
    for role in company.manager.roles.all():
        FieldAccess.objects.create(role=role, field=IDENTIFIER_KEYS["phone"], level=1)
    assert client_of("manager").get(f"{address}small/").status_code == 404
    with acting(seller, origin="web"):
        entry_files.take_file(actor=seller, customer_id=mine.pk, activity_id=entry.pk, at=NOON)
    later: Any = NOON + timedelta(days=3650)
    assert (client_of("seller").get(f"{address}small/").status_code, sweeping.sweep_files(at=later)) == (404, 1)
    assert endings(home) == []


def test_it_goes_with_its_file(mine: Customer, home: Path, django_capture_on_commit_callbacks: Any) -> None:
    seller, kept, gone = client_of("seller"), put(mine, picture()), put(mine, picture(), "b.png")
    assert [seen(seller, one).status_code for one in (kept, gone)] == [200, 200]
    file_id = gone.split("/")[-3]
    filling.remove_file(actor=SYSTEM, customer_id=mine.pk, field="custom.photo", file_id=file_id, at=NOON)
    assert (seller.get(gone).status_code, len(endings(home))) == (404, 4), endings(home)
    later: Any = NOON + timedelta(days=3650)
    assert (sweeping.sweep_files(at=later), endings(home)) == (1, [".png", ".small"])
    with django_capture_on_commit_callbacks(execute=True):
        attaching.erase_customer(mine.pk)
    assert endings(home) == []


def test_erasure_finds_what_is_left_of_it(mine: Customer, home: Path) -> None:
    address = put(mine, picture())
    assert seen(client_of("seller"), address).status_code == 200
    place = next(one for one in personal.list_places() if one.name == "customers.files")
    assert place.search is not None
    traces = Traces(customer_ids=(mine.pk,))
    assert place.search(traces) == 0
    Customer.objects.filter(pk=mine.pk).update(custom={})
    assert (place.search(traces), place.sweep(traces), endings(home)) == (2, 2, [])


def test_one_made_while_its_file_is_removed_goes_too(mine: Customer, home: Path) -> None:
    assert seen(client_of("seller"), put(mine, picture())).status_code == 200
    next(home.rglob("*.png")).unlink()
    assert (sweeping.sweep_files(at=NOON), endings(home)) == (0, [])
