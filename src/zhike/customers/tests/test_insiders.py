"""What people tried who are in: to take along, to take over, to look past their scope."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.actor import SYSTEM, Scope
from zhike.customers.models import Collaborator, Customer
from zhike.customers.services import collaborators, people
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


def test_a_collaborator_neither_takes_the_customer_over_nor_asks_others_in(company: Company) -> None:
    customer = people.create_customer(actor=SYSTEM, at=NOON, name="C", owner=company.seller.pk, team=company.shop.pk)
    guest = company.guest
    guest.roles.set([*company.seller.roles.all()])
    collaborators.put_collaborator(
        actor=actor_of(company.seller), customer_id=customer.pk, user_id=guest.pk, may_edit=True, at=NOON
    )
    client, page = client_of(guest), f"/customers/{customer.pk}/"
    assert client.post(f"{page}edit/city/", {"value": "上海"}).status_code == 200
    for field, value in (("owner", guest.pk), ("team", company.west.pk)):
        assert f"/edit/{field}/" not in client.get(page).text
        assert client.get(f"{page}edit/{field}/").status_code == 403
        assert client.post(f"{page}edit/{field}/", {"value": value}).status_code == 403
        with pytest.raises(PermissionDenied):
            people.edit_customer(actor=actor_of(guest), customer_id=customer.pk, changes={field: value}, at=NOON)
    asked_in = client.post(
        f"{page}collaborators/", {"collaborator-user": company.colleague.pk, "collaborator-may_edit": "on"}
    )
    assert asked_in.status_code == 403
    assert "collaborator-user" not in client.get(f"{page}collaborators/").text
    assert Customer.objects.get(pk=customer.pk).owner_id == company.seller.pk
    assert Collaborator.objects.count() == 1
