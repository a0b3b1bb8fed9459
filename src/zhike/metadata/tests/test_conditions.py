"""Fields and sections that are there only for some roles, or only where another field has certain values."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from zhike.accounts.models import User
from zhike.accounts.services import put_role
from zhike.core.actor import SYSTEM, Actor, Scope, Sight
from zhike.metadata import design_forms
from zhike.metadata.models import FieldDefinition, Kind, Section
from zhike.metadata.permissions import MANAGE
from zhike.metadata.selectors import list_known
from zhike.metadata.services import converting, definitions, depending, sections
from zhike.metadata.services.definitions import NewOption
from zhike.metadata.services.values import put_values

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
RECORD = "customers.customer"


def create(kind: Kind, label: str, **given: Any) -> FieldDefinition:
    return definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=kind, label=label, **given)


def when(field: FieldDefinition, *values: str) -> dict[str, Any]:
    return {"field": f"custom.{field.key}", "is": list(values)}


def level(**given: Any) -> FieldDefinition:
    return create(Kind.CHOICE, "Level", options=[NewOption(label="high"), NewOption(label="low")], **given)


@pytest.mark.django_db
def test_what_others_are_shown_depending_on_stays_what_they_ask() -> None:
    asked = level()
    reason = create(Kind.TEXT, "Reason", shown_when=when(asked, "low"))
    signed = create(Kind.BOOLEAN, "Signed")
    section = sections.create_section(actor=SYSTEM, record=RECORD, name="Contract", shown_when=when(signed, "true"))
    for field, name in ((asked, "Reason"), (signed, "Contract")):
        with pytest.raises(depending.ConditionBreaks, match=name):
            definitions.archive_field(actor=SYSTEM, pk=field.pk, at=NOW)
    with pytest.raises(depending.ConditionBreaks):
        converting.convert_field(actor=SYSTEM, pk=asked.pk, kind=Kind.TEXT, drops_misfits=True)
    with pytest.raises(depending.ConditionBreaks):
        converting.convert_field(actor=SYSTEM, pk=signed.pk, kind=Kind.CHOICE, drops_misfits=True)
    converting.convert_field(actor=SYSTEM, pk=asked.pk, kind=Kind.CHOICES, drops_misfits=False)
    sections.edit_section(actor=SYSTEM, pk=section.pk, shown_when={})
    definitions.archive_field(actor=SYSTEM, pk=signed.pk, at=NOW)
    definitions.archive_field(actor=SYSTEM, pk=reason.pk, at=NOW)
    definitions.archive_field(actor=SYSTEM, pk=asked.pk, at=NOW)
    with pytest.raises(depending.ConditionAsleep, match="Level"):
        definitions.bring_back_field(actor=SYSTEM, pk=reason.pk)
    assert list_known(RECORD) == ()
    definitions.bring_back_field(actor=SYSTEM, pk=asked.pk)
    definitions.bring_back_field(actor=SYSTEM, pk=reason.pk)
    assert [one.label for one in list_known(RECORD)] == ["Level", "Reason"]


@pytest.mark.django_db
def test_an_archived_field_whose_condition_cannot_be_asked_any_more_is_mended_on_its_page(client: Client) -> None:
    boss = User.objects.create(username="boss", name="boss", locale="en")
    boss.roles.set([put_role(actor=SYSTEM, code="d", name="Designers", grants={MANAGE: Scope.ALL})])
    client.force_login(boss)
    asked = level()
    reason = create(Kind.TEXT, "Reason", shown_when=when(asked, "low"))
    page, back = (f"/settings/fields/{reason.pk}/{part}" for part in ("", "archive/"))
    client.post(back)
    converting.convert_field(actor=SYSTEM, pk=asked.pk, kind=Kind.TEXT, drops_misfits=True)
    answer = client.post(back, {"back": "1"}, follow=True)
    assert answer.request["PATH_INFO"] == page
    assert "“Level”, which has another kind now" in (told := answer.content.decode())
    assert "Show again" in told
    assert client.post(page, {"label": "Reason", "care": "plain"}).status_code == 302
    assert "is shown again" in client.post(back, {"back": "1"}, follow=True).content.decode()
    assert [one.label for one in list_known(RECORD)] == ["Level", "Reason"]


@pytest.mark.django_db
def test_a_value_that_is_not_offered_any_more_stays_in_conditions() -> None:
    asked = level()
    reason = create(Kind.TEXT, "Reason", shown_when=when(asked, "low"))
    definitions.edit_field(actor=SYSTEM, pk=asked.pk, options=[NewOption(key="high", label="high")])
    form = design_forms.DesignField(None, record=RECORD, kind=Kind.TEXT, definition=reason)
    assert dict(form.askable)["Level"] == [("custom.level:high", "high", False), ("custom.level:low", "low", True)]
    definitions.edit_field(actor=SYSTEM, pk=reason.pk, label="Why", shown_when=when(asked, "low"))
    other = design_forms.DesignField(None, record=RECORD, kind=Kind.TEXT, definition=None)
    assert dict(other.askable)["Level"] == [("custom.level:high", "high", False)]


@pytest.mark.django_db
def test_no_field_waits_for_itself() -> None:
    asked = level()
    section = sections.create_section(actor=SYSTEM, record=RECORD, name="Best", shown_when=when(asked, "high"))
    for change in (
        lambda: definitions.edit_field(actor=SYSTEM, pk=asked.pk, section_id=section.pk),
        lambda: definitions.arrange_fields(actor=SYSTEM, record=RECORD, order={section.pk: [asked.pk]}),
    ):
        with pytest.raises(depending.ConditionCircle, match="Level"):
            change()
    inside = create(Kind.BOOLEAN, "Inside", section_id=section.pk)
    with pytest.raises(depending.ConditionCircle):
        definitions.edit_field(actor=SYSTEM, pk=asked.pk, shown_when=when(inside, "true"))
    with pytest.raises(depending.ConditionCircle):
        sections.edit_section(actor=SYSTEM, pk=section.pk, shown_when=when(inside, "true"))
    asked.refresh_from_db()
    assert (asked.section_id, asked.shown_when) == (None, {})
    assert Section.objects.get().shown_when == when(asked, "high")


@pytest.mark.django_db
def test_what_has_to_be_filled_in_is_asked_of_those_whose_page_has_it() -> None:
    everything = {"customers.create_customer": Scope.ALL, "customers.view_customer": Scope.ALL}
    sellers = put_role(actor=SYSTEM, code="s", name="s", grants=everything)
    section = sections.create_section(actor=SYSTEM, record=RECORD, name="Sales", roles=[sellers.pk])
    create(Kind.TEXT, "Source", section_id=section.pk, is_required=True)
    seller, other = (User.objects.create(username=name, name=name) for name in ("seller", "other"))
    seller.roles.set([sellers])
    other.roles.set([put_role(actor=SYSTEM, code="o", name="o", grants=everything)])

    def put(user: User) -> Any:
        sights = {"customers.customer.custom.source": Sight.WRITE}
        actor = Actor(user_id=user.pk, name=user.name, sights=sights)
        return put_values(actor=actor, record=RECORD, current={}, changes={}, plain={})

    assert put(other) == {}
    with pytest.raises(ValidationError):
        put(seller)


@pytest.mark.django_db
def test_the_designer_says_for_whom_a_section_is_and_what_stands_in_the_way(client: Client) -> None:
    boss = User.objects.create(username="boss", name="boss", locale="en")
    designers = put_role(actor=SYSTEM, code="d", name="Designers", grants={MANAGE: Scope.ALL})
    boss.roles.set([designers])
    client.force_login(boss)
    asked = level()
    create(Kind.TEXT, "Reason", shown_when=when(asked, "low"))
    sections.create_section(actor=SYSTEM, record=RECORD, name="Mine", roles=[designers.pk])
    sections.create_section(actor=SYSTEM, record=RECORD, name="Nobody's", roles=[designers.pk + 1000])
    page = client.get("/settings/fields/").content.decode()
    assert "Only Designers" in page
    assert "Only a deleted role" in page
    answer = client.post(f"/settings/fields/{asked.pk}/archive/", follow=True).content.decode()
    assert "“Reason” is shown depending on “Level”" in answer
    asked.refresh_from_db()
    assert asked.archived_at is None
