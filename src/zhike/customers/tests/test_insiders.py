"""What people tried who are in: to take along, to take over, to look past their scope."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.models import User
from zhike.core.actor import SYSTEM, Scope
from zhike.customers.models import Collaborator
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def taken(content: bytes) -> str:
    """What a file says, a workbook's shared strings included."""
    if content[:2] != b"PK":
        return content.decode()
    with ZipFile(BytesIO(content)) as book:
        return "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))


def test_exporting_reaches_as_far_as_its_own_permission(company: Company, make_customer: MakeCustomer) -> None:
    mine, theirs = make_customer("mine", owner=company.guest), make_customer("theirs", owner=company.seller)
    shared = make_customer("shared", owner=company.seller)
    Collaborator.objects.create(customer=shared, user=company.guest, created_at=NOON)
    grants = {"customers.view_customer": Scope.ALL, "customers.export_customer": Scope.OWN}
    company.guest.roles.set([accounts.create_role(actor=SYSTEM, name="narrow", grants=grants)])
    client = client_of(company.guest)
    assert theirs.name in client.get("/customers/").text
    assert client.get("/customers/export/csv/").getvalue().decode().count("\n") == 3
    for address in ("csv/", "csv/?f=name:not:x", "csv/?q=s", "xlsx/"):
        written = taken(client.get(f"/customers/export/{address}").getvalue())
        assert theirs.name not in written
        assert shared.name in written
    assert mine.name in written
