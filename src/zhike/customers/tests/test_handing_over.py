"""A leaver's customers go over evenly, into the takers' teams, and come back unless they went on."""

from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.core.actor import SYSTEM
from zhike.customers.models import Collaborator, Customer
from zhike.customers.services import collaborators, people
from zhike.customers.tests.conftest import NOON, Company

pytestmark = pytest.mark.django_db


def plant(company: Company, count: int = 5) -> list[Customer]:
    return [
        people.create_customer(actor=SYSTEM, at=NOON, name=f"C{number}", owner=company.seller.pk, team=company.shop.pk)
        for number in range(count)
    ]


def test_records_are_shared_evenly_and_come_back(company: Company) -> None:
    plant(company)
    counted, _binned = accounts.count_records(actor=SYSTEM, user=company.seller)
    assert (counted.kind, counted.count) == ("customers.customer", 5)
    takers = [company.colleague, company.manager]
    made = accounts.reassign_records(actor=SYSTEM, user=company.seller, to_users=takers, at=NOON)
    assert made.counts == {"customers.customer": 5, "recovery.binned": 0}
    owners = Counter(Customer.objects.values_list("owner_id", "team_id", "version"))
    assert owners == {
        (company.colleague.pk, company.colleague.team_id, 2): 3,
        (company.manager.pk, company.manager.team_id, 2): 2,
    }
    went_on = Customer.objects.filter(owner=company.manager).first()
    assert went_on is not None
    people.edit_customer(
        actor=SYSTEM, customer_id=went_on.pk, changes={"owner": company.boss.pk}, at=NOON + timedelta(hours=1)
    )
    assert accounts.undo_reassignment(actor=SYSTEM, reassignment_id=made.pk, at=NOON + timedelta(hours=2)) == 4
    assert Counter(Customer.objects.values_list("owner_id", "team_id")) == {
        (company.seller.pk, company.shop.pk): 4,
        (company.boss.pk, company.manager.team_id): 1,
    }
    with pytest.raises(accounts.ReassignmentUndone):
        accounts.undo_reassignment(actor=SYSTEM, reassignment_id=made.pk, at=NOON)


def test_a_collaborator_sees_edits_and_steps_back(company: Company) -> None:
    [customer] = plant(company, 1)
    guest = company.guest
    guest.roles.set([*company.seller.roles.all()])
    client = Client()
    client.force_login(guest)
    page, field = f"/customers/{customer.pk}/", f"/customers/{customer.pk}/edit/city/"
    assert client.get(page).status_code == 404
    seller = actor_of(company.seller)
    row = collaborators.put_collaborator(
        actor=seller, customer_id=customer.pk, user_id=guest.pk, may_edit=False, at=NOON
    )
    assert (client.get(page).status_code, client.post(field, {"value": "x"}).status_code) == (200, 403)
    collaborators.put_collaborator(actor=seller, customer_id=customer.pk, user_id=guest.pk, may_edit=True, at=NOON)
    assert client.post(field, {"value": "上海"}).status_code == 200
    assert guest.name in client.get(f"/customers/{customer.pk}/collaborators/").content.decode()
    assert client.post(f"/customers/collaborators/{row.pk}/remove/").status_code == 302
    assert client.get(page).status_code == 404
    assert not Collaborator.objects.exists()


def test_who_may_not_edit_adds_nobody(company: Company) -> None:
    [customer] = plant(company, 1)
    with pytest.raises(Customer.DoesNotExist):
        collaborators.put_collaborator(
            actor=actor_of(company.colleague), customer_id=customer.pk, user_id=company.boss.pk, may_edit=True, at=NOON
        )
    with pytest.raises(collaborators.CollaboratorUnfit):
        collaborators.put_collaborator(
            actor=SYSTEM, customer_id=customer.pk, user_id=company.seller.pk, may_edit=True, at=NOON
        )
    assert not Collaborator.objects.exists()
