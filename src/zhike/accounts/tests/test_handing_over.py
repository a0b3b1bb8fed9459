"""A leaver's records, delegations, the reporting line, and the role editor with all scopes."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client

from zhike.accounts import services
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Delegation, ReassignedRecord, Role, User
from zhike.accounts.tests.conftest import PASSWORD, House
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Scope

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
TODAY = NOON.date()
VIEW = "customers.view_customer"

pytestmark = pytest.mark.django_db


def hire(name: str, manager: User | None = None) -> User:
    return services.create_user(
        actor=SYSTEM, username=name, name=name, password=PASSWORD, roles=[], manager=manager, locale="en"
    )


def test_nobody_reports_to_somebody_below_them(house: House) -> None:
    top = hire("top")
    middle, bottom = hire("middle", top), None
    bottom = hire("bottom", middle)
    for manager in (top, bottom):
        with pytest.raises(services.ManagerBelow):
            services.edit_user(
                actor=SYSTEM, user=top, name="x", email="", team=None, roles=[], is_active=True, manager=manager
            )
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=top.pk).update(manager=top)
    role = services.create_role(actor=SYSTEM, name="lead", grants={VIEW: Scope.SUBORDINATES})
    top.roles.set([role])
    assert actor_of(User.objects.get(pk=top.pk)).reach_of(VIEW).user_ids == (top.pk, middle.pk, bottom.pk)


def test_a_role_of_chosen_teams_names_some(house: House) -> None:
    with pytest.raises(services.TeamsNotChosen):
        services.create_role(actor=SYSTEM, name="x", grants={VIEW: Scope.CHOSEN})
    team = services.create_team(actor=SYSTEM, name="华东")
    client = Client()
    client.force_login(house.administrator)
    form = {"name": "区域", VIEW: str(Scope.CHOSEN.value), f"{VIEW}.teams": [str(team.pk)]}
    form |= {one.code: "0" for one in list_permissions() if one.code != VIEW}
    assert client.post("/settings/roles/new/", form).status_code == 302
    role = Role.objects.get(name="区域")
    assert [list(grant.teams.all()) for grant in role.grants.all()] == [[team]]
    assert f'value="{team.pk}" checked' in _squeezed(client.get(f"/settings/roles/{role.pk}/").content.decode())


def _squeezed(page: str) -> str:
    return re.sub(r'(value="\d+")[^>]*?(checked)', r"\1 \2", page)


def test_a_delegation_is_made_seen_and_ended_by_both(house: House) -> None:
    away, helper = hire("away"), hire("helper")
    helper.roles.set([services.create_role(actor=SYSTEM, name="own", grants={VIEW: Scope.OWN})])
    services.delegate(
        actor=actor_of(away),
        from_user=away,
        to_user=helper,
        starts_on=TODAY,
        ends_on=TODAY + timedelta(days=3),
        today=TODAY,
        at=NOON,
        note="休假",
    )
    assert away.pk in actor_of(helper, at=NOON).reach_of(VIEW).user_ids
    for user, text in ((away, "stands in for you"), (helper, "You stand in for away")):
        client = Client()
        client.force_login(user)
        assert text in client.get("/account/delegations/").content.decode()
    made = Delegation.objects.get()
    with pytest.raises(PermissionDenied):
        services.end_delegation(actor=actor_of(house.seller), delegation_id=made.pk, today=TODAY)
    services.end_delegation(actor=actor_of(helper), delegation_id=made.pk, today=TODAY + timedelta(days=1))
    assert away.pk not in actor_of(helper, at=NOON + timedelta(days=1)).reach_of(VIEW).user_ids
    assert away.pk in actor_of(helper, at=NOON).reach_of(VIEW).user_ids


@pytest.mark.parametrize(("first", "last"), [(1, 0), (-3, -1), (0, 400)])
def test_days_that_make_no_sense_are_refused(house: House, first: int, last: int) -> None:
    away, helper = hire("away"), hire("helper")
    with pytest.raises(services.DelegationUnfit):
        services.delegate(
            actor=SYSTEM,
            from_user=away,
            to_user=helper,
            starts_on=TODAY + timedelta(days=first),
            ends_on=TODAY + timedelta(days=last),
            today=TODAY,
            at=NOON,
        )
    assert not Delegation.objects.exists()


def test_standing_in_is_arranged_by_oneself_or_an_administrator(house: House) -> None:
    away, helper = hire("away"), hire("helper")
    with pytest.raises(PermissionDenied):
        services.delegate(
            actor=actor_of(helper),
            from_user=away,
            to_user=helper,
            starts_on=TODAY,
            ends_on=TODAY,
            today=TODAY,
            at=NOON,
        )


def test_only_administrators_hand_over(house: House) -> None:
    for decide in (
        lambda actor: services.count_records(actor=actor, user=house.seller),
        lambda actor: services.reassign_records(
            actor=actor, user=house.seller, to_users=[house.administrator], at=NOON
        ),
    ):
        with pytest.raises(PermissionDenied):
            decide(house.actor(house.seller))
    with pytest.raises(services.NobodyToTakeOver):
        services.reassign_records(actor=SYSTEM, user=house.seller, to_users=[house.seller], at=NOON)
    assert not ReassignedRecord.objects.exists()
