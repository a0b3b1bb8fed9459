"""The tree of teams against a slow, obvious model."""

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.accounts import selectors, services
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Team, User
from zhike.accounts.tests.conftest import House
from zhike.core.actor import SYSTEM, Scope

MOVES = st.lists(st.tuples(st.integers(0, 7), st.one_of(st.none(), st.integers(0, 7))), max_size=12)


def path_by_parents(team: Team) -> str:
    above = path_by_parents(Team.objects.get(pk=team.parent_id)) if team.parent_id else "/"
    return f"{above}{team.pk}/"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_paths_always_follow_the_parents_and_no_team_is_below_itself(
    db: None, moves: list[tuple[int, int | None]]
) -> None:
    Team.objects.update(parent=None)
    Team.objects.all().delete()
    teams = [services.create_team(actor=SYSTEM, name=f"t{number}") for number in range(8)]
    for moved, place in moves:
        team, parent = teams[moved], None if place is None else teams[place]
        goes_below_itself = parent is not None and f"/{team.pk}/" in path_by_parents(Team.objects.get(pk=parent.pk))
        before = dict(Team.objects.values_list("pk", "path"))
        if goes_below_itself:
            with pytest.raises(services.TeamUnderItself):
                services.edit_team(actor=SYSTEM, team=team, name=team.name, parent=parent)
            assert dict(Team.objects.values_list("pk", "path")) == before
        else:
            services.edit_team(actor=SYSTEM, team=team, name=team.name, parent=parent)
    for team in Team.objects.all():
        assert team.path == path_by_parents(team)


def test_siblings_have_different_names(house: House) -> None:
    top = services.create_team(actor=SYSTEM, name="总部")
    services.create_team(actor=SYSTEM, name="华东", parent=top)
    other = services.create_team(actor=SYSTEM, name="华南", parent=top)
    with pytest.raises(services.TeamNameTaken):
        services.create_team(actor=SYSTEM, name="华东", parent=top)
    with pytest.raises(services.TeamNameTaken):
        services.edit_team(actor=SYSTEM, team=other, name="华东", parent=top)
    services.edit_team(actor=SYSTEM, team=other, name="华东", parent=None)


def test_only_an_empty_team_can_be_deleted(house: House) -> None:
    top = services.create_team(actor=SYSTEM, name="总部")
    below = services.create_team(actor=SYSTEM, name="华东", parent=top)
    User.objects.filter(pk=house.seller.pk).update(team=below)
    for team in (top, below):
        with pytest.raises(services.TeamInUse):
            services.delete_team(actor=SYSTEM, team=team)
    User.objects.update(team=None)
    services.delete_team(actor=SYSTEM, team=below)
    services.delete_team(actor=SYSTEM, team=top)
    assert not Team.objects.exists()


def test_an_actor_carries_the_teams_below(house: House) -> None:
    top = services.create_team(actor=SYSTEM, name="总部")
    below = services.create_team(actor=SYSTEM, name="华东", parent=top)
    services.create_team(actor=SYSTEM, name="别处")
    User.objects.filter(pk=house.seller.pk).update(team=top)
    services.put_role(
        actor=SYSTEM, code="lead", name="lead", grants={"customers.view_customer": Scope.TEAM_AND_BELOW}
    ).holders.add(house.seller)
    reach = actor_of(User.objects.get(pk=house.seller.pk)).reach_of("customers.view_customer")
    assert (reach.user_ids, reach.team_ids) == ((house.seller.pk,), (top.pk, below.pk))


def test_the_list_is_a_tree_with_siblings_by_name(house: House) -> None:
    second, first = (services.create_team(actor=SYSTEM, name=name) for name in ("B", "A"))
    for parent in (second, first):
        services.create_team(actor=SYSTEM, name=f"{parent.name}1", parent=parent)
    rows = selectors.list_teams(actor=SYSTEM)
    assert [(row.lead, row.name) for row in rows] == [("", "A"), ("└", "A1"), ("", "B"), ("└", "B1")]


def test_a_seller_changes_no_team(house: House) -> None:
    top = services.create_team(actor=SYSTEM, name="总部")
    seller = house.actor(house.seller)
    with pytest.raises(PermissionDenied):
        services.create_team(actor=seller, name="x")
    with pytest.raises(PermissionDenied):
        services.edit_team(actor=seller, team=top, name="x", parent=None)
    with pytest.raises(PermissionDenied):
        services.delete_team(actor=seller, team=top)
    assert list(Team.objects.values_list("name", flat=True)) == ["总部"]
