"""A cell that is edited shows afterwards what the list shows there, not what the customer's page does."""

import re

import pytest

from zhike.accounts.models import Role
from zhike.accounts.services import put_field_access
from zhike.core.actor import SYSTEM, Sight
from zhike.customers.models import Customer
from zhike.customers.services import tags
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.customers.tests.test_grouping import enter
from zhike.customers.tests.test_list_filter import ASKING
from zhike.metadata.models import Kind
from zhike.metadata.services import definitions
from zhike.metadata.services.definitions import NewOption

pytestmark = pytest.mark.django_db


def cells(page: str) -> list[str]:
    return [cell.strip() for cell in re.findall(r"<td data-edit-cell=[^>]*>(.*?)</td>", page, re.DOTALL)]


def inside(page: str) -> str:
    [cell] = re.findall(r"<span data-edit-place data-cell-edited=[^>]*>(.*)</span>", page.strip(), re.DOTALL)
    return str(cell)


def test_a_cell_is_the_lists_before_and_after_an_edit(make_customer: MakeCustomer, company: Company) -> None:
    ada = make_customer("Ada", owner=company.seller, facts={"amount": 1})
    made = definitions.create_field(
        actor=SYSTEM,
        at=ASKING.now,
        record="customers.customer",
        kind=Kind.CHOICE,
        label="Colour",
        options=[NewOption(label="红", label_en="red", tone="bad")],
    )
    definitions.lock("customers.customer")
    Customer.objects.filter(pk=ada.pk).update(custom={made.key: made.options.get().key})
    tags.set_tags(actor=SYSTEM, customer_id=ada.pk, names=["slow", "vip"], at=NOON)
    client = enter("boss")
    fields = ("tags", "relationship", "owner", "team", "city", f"custom.{made.key}")
    listed = cells(client.get(f"/customers/?cols=name,{','.join(fields)}").content.decode())
    assert len(listed) == len(fields)
    for field, cell in zip(fields, listed, strict=True):
        shown = client.get(f"/customers/{ada.pk}/edit/{field}/?cell=1&shown=1").content.decode()
        assert inside(shown) == cell
    form = client.get(f"/customers/{ada.pk}/edit/tags/?cell=1").content.decode()
    assert f'hx-post="/customers/{ada.pk}/edit/tags/?cell=1"' in form
    assert f'data-edit-cancel="/customers/{ada.pk}/edit/tags/?cell=1&amp;shown=1"' in form
    saved = client.post(f"/customers/{ada.pk}/edit/tags/?cell=1", {"value": "vip", "was": "slow，vip"})
    [cell] = cells(client.get("/customers/?cols=name,tags").content.decode())
    assert "vip" in cell
    assert inside(saved.content.decode()) == cell
    # The customer's page has its own way.
    assert "data-edit=" in client.get(f"/customers/{ada.pk}/edit/tags/?shown=1").content.decode()


def test_a_cell_tells_no_more_than_the_list(make_customer: MakeCustomer, company: Company) -> None:
    ada = make_customer("Ada", city="上海")
    for sight, status in ((Sight.HIDDEN, 404), (Sight.READ, 200)):
        role = Role.objects.get(code="all")
        put_field_access(actor=SYSTEM, role=role, levels={"customers.customer.city": sight})
        client = enter("boss")
        shown = client.get(f"/customers/{ada.pk}/edit/city/?cell=1&shown=1")
        assert shown.status_code == status
        assert client.post(f"/customers/{ada.pk}/edit/city/?cell=1", {"value": "x", "was": "上海"}).status_code >= 400
    assert enter("seller").get(f"/customers/{ada.pk}/edit/city/?cell=1&shown=1").status_code == 404
