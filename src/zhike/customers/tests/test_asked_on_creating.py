"""The form for new customers shows what it asks, also where a condition is about something that is not in it."""

from typing import Any

import pytest
from django.test import Client

from zhike.accounts.models import Role
from zhike.accounts.services import put_field_access
from zhike.core.actor import SYSTEM, Sight
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer
from zhike.customers.tests.conftest import NOON, Company
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.services import definitions, sections
from zhike.metadata.services.definitions import NewOption

pytestmark = pytest.mark.django_db
LEVELS = [NewOption(key="low", label="low"), NewOption(key="high", label="high")]


def create(kind: Kind, label: str, **given: Any) -> FieldDefinition:
    return definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=kind, label=label, **given)


@pytest.fixture
def designed(db: None) -> FieldDefinition:
    """Level, low by default, on which two required fields depend; the first of them is asked of low ones."""
    level = create(Kind.CHOICE, "Level", options=LEVELS, default="low")
    for label, value in (("Reason", "low"), ("Prize", "high")):
        create(Kind.TEXT, label, is_required=True, shown_when={"field": "custom.level", "is": [value]})
    return level


@pytest.fixture
def client(company: Company) -> Client:
    """Of somebody whose form it is."""
    made = Client()
    made.force_login(company.boss)
    return made


def conditional(client: Client) -> dict[str, bool]:
    """Own fields that the form has, and whether they come and go with others."""
    rows = client.get("/customers/new/").context["form"].own_rows
    return {str(row.bound.label): bool(row.conditions) for row in rows}


def check_asked(client: Client) -> None:
    """Level is not in the form: Reason always is, and Prize never."""
    assert conditional(client) == {"Reason": False, "Prize": True}
    refused = client.post("/customers/new/", {"kind": "person", "name": "Ada"})
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"custom.reason"}
    client.post("/customers/new/", {"kind": "person", "name": "Ada", "custom.reason": "because"})
    assert Customer.objects.get().custom == {"level": "low", "reason": "because"}


@pytest.mark.usefixtures("designed")
def test_what_is_in_the_form_is_asked_there(client: Client) -> None:
    assert conditional(client) == {"Level": False, "Reason": True, "Prize": True}


@pytest.mark.usefixtures("designed")
def test_a_field_left_out_for_there_are_many_counts_by_its_default(client: Client) -> None:
    FieldDefinition.objects.bulk_create(
        FieldDefinition(record=RECORD, key=f"f{number}", kind="number", label=f"F{number}", created_at=NOON)
        for number in range(30)
    )
    definitions.lock(RECORD)
    check_asked(client)


def test_a_field_in_a_section_for_others_counts_by_its_default(client: Client, designed: FieldDefinition) -> None:
    others = Role.objects.exclude(code="all").values_list("pk", flat=True)[:1]
    section = sections.create_section(actor=SYSTEM, record=RECORD, name="Theirs", roles=list(others))
    definitions.edit_field(actor=SYSTEM, pk=designed.pk, section_id=section.pk)
    check_asked(client)


@pytest.mark.usefixtures("designed")
def test_a_field_that_one_may_not_write_counts_by_its_default(client: Client) -> None:
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="all"), levels={f"{RECORD}.custom.level": Sight.READ})
    check_asked(client)


def test_what_a_customer_has_itself_counts_as_it_will_stand(client: Client) -> None:
    for label, condition in (
        ("Birthplace", {"field": "kind", "is": ["person"]}),
        ("Register", {"field": "kind", "is": ["organisation"]}),
        ("Since", {"field": "relationship", "is": ["repeat"]}),
    ):
        create(Kind.TEXT, label, is_required=True, shown_when=condition)
    assert conditional(client) == {"Birthplace": True, "Register": True, "Since": True}
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="all"), levels={f"{RECORD}.kind": Sight.READ})
    assert conditional(client) == {"Birthplace": False, "Register": True, "Since": True}
    assert set(client.post("/customers/new/", {"name": "Ada"}).context["form"].errors) == {"custom.birthplace"}


def test_the_form_is_there_without_what_one_may_not_write(client: Client) -> None:
    closed = ("kind", "phone", "email", "wechat", "uscc", "province", "city", "channel", "tags", "note")
    levels = {f"{RECORD}.{name}": Sight.READ for name in closed}
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="all"), levels=levels)
    answer = client.get("/customers/new/")
    assert (answer.status_code, list(answer.context["form"].fields)) == (200, ["name"])
