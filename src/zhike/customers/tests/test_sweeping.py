"""The night's work on files, while people go on: files that go, come and come back under its hands."""

import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.customers import leading
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer
from zhike.customers.services import attaching, filling, people, sweeping
from zhike.customers.tests.conftest import NOON, PDF, Company, MakeCustomer, files_in, put_file
from zhike.metadata.models import Kind
from zhike.metadata.services import definitions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
LONG_AGO = (NOON - timedelta(days=400)).timestamp()


@pytest.fixture
def mine(company: Company, make_customer: MakeCustomer) -> Customer:
    rules = {"files": 3}
    definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.FILE, label="Contract", rules=rules)
    return make_customer("张伟", owner=company.seller, team=company.shop)


def lose(customer: Customer) -> tuple[str, Path]:
    """A file that was taken out long ago."""
    file_id = put_file(customer)
    filling.remove_file(actor=SYSTEM, customer_id=customer.pk, field="custom.contract", file_id=file_id, at=NOON)
    path = next(settings.HOME.files_dir.rglob(f"*{file_id}.pdf"))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return file_id, path


def held(customer: Customer) -> list[str]:
    return [one["id"] for one in Customer.objects.get(pk=customer.pk).custom.get("contract", [])]


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any], *, time: int = 1) -> None:
    """Do something right after the night's work has asked for the so-manieth time what leads to files."""
    asked, count = leading.held, [0]

    def spied(places: Any) -> set[str]:
        found = asked(places)
        count[0] += 1
        if count[0] == time:
            act()
        return found

    monkeypatch.setattr(leading, "held", spied)


def test_a_file_that_is_gone_already_is_no_mistake(mine: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    _first, gone = lose(mine)
    _second, other = lose(mine)
    meanwhile(monkeypatch, gone.unlink)
    assert (sweeping.sweep_files(at=NOON), other.exists()) == (1, False)
    _third, gone = lose(mine)
    real, patched = Path.stat, monkeypatch.context

    def vanishing(path: Path, **given: Any) -> os.stat_result:
        """It was listed, and is not there when it is looked at."""
        if path == gone and gone.name in os.listdir(gone.parent):
            gone.unlink()
        return real(path, **given)

    with patched() as patch:
        patch.setattr(Path, "stat", vanishing)
        assert (sweeping.sweep_files(at=NOON), gone.exists()) == (0, False)


def test_a_file_that_comes_back_meanwhile_stays(mine: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    file_id, path = lose(mine)
    back = {"custom.contract": [{"id": file_id, "name": "合同.pdf"}]}
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: people.edit_customer(actor=SYSTEM, customer_id=mine.pk, changes=back, at=NOON))
        assert sweeping.sweep_files(at=NOON) == 0
    assert (held(mine), path.read_bytes()) == ([file_id], PDF)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_one_that_somebody_holds_who_is_not_done_yet_stays(mine: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their transaction is not seen yet; that they have taken hold of the file is."""
    file_id, path = lose(mine)
    from zhike.customers.shelf import CustomerShelf

    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: CustomerShelf().find("contract", mine.pk, file_id, "x"))
        assert (sweeping.sweep_files(at=NOON), path.exists()) == (0, True)
    os.utime(path, (LONG_AGO, LONG_AGO))
    with monkeypatch.context() as patch:
        found: list[Any] = []
        meanwhile(patch, lambda: found.append(CustomerShelf().find("contract", mine.pk, file_id, "x")), time=2)
        assert (sweeping.sweep_files(at=NOON), found, path.exists()) == (1, [None], False)


def test_what_an_interrupted_night_put_aside_comes_back(mine: Customer) -> None:
    kept = put_file(mine)
    path = next(settings.HOME.files_dir.rglob(f"*{kept}.pdf"))
    path.rename(path.with_name(f"{path.name}{sweeping.ASIDE}"))
    _lost, other = lose(mine)
    other.rename(other.with_name(f"{other.name}{sweeping.ASIDE}"))
    assert (sweeping.sweep_files(at=NOON), path.exists(), other.exists()) == (1, True, False)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_an_upload_under_way_is_left_alone_and_ends_quietly_if_its_customer_is_erased(
    mine: Customer, home: Path
) -> None:
    real_at: Any = NOON

    class Slow(BytesIO):
        def __init__(self, act: Callable[[], Any]) -> None:
            super().__init__(PDF)
            self.act = act

        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(size)
            if not piece:
                self.act()
            return piece

    def upload(act: Callable[[], Any]) -> None:
        file = attaching.Given(content=Slow(act), name="合同.pdf")
        with acting(SYSTEM, origin="web"):
            filling.add_file(actor=SYSTEM, customer_id=mine.pk, field="custom.contract", file=file, at=NOON)

    swept: list[int] = []
    upload(lambda: swept.append(sweeping.sweep_files(at=real_at)))
    assert (swept, len(held(mine))) == ([0], 1)

    def erase() -> None:
        for path in list(sweeping.list_files_of([mine.pk])):
            path.unlink()

    with pytest.raises(Customer.DoesNotExist):
        upload(erase)
    assert (len(held(mine)), len(files_in(home))) == (1, 1)
