"""Views of the list: who sees one, who may change it, and with which of them the list opens."""

from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from zhike.accounts.models import Role, SavedView, Team, User, ViewDefault
from zhike.accounts.permissions import SHARE_VIEWS
from zhike.accounts.services import put_role, saved_views
from zhike.core.actor import SYSTEM, Scope
from zhike.customers.listing import KEY
from zhike.customers.tests.conftest import Company, MakeCustomer

QUERY = "f=grade:is:top"


@pytest.fixture
def sharing(company: Company) -> Company:
    """The manager of the east may share there, the boss with everybody."""
    for code in ("team_and_below", "all"):
        role = Role.objects.get(code=code)
        scope = Scope.ALL if code == "all" else Scope.TEAM_AND_BELOW
        held = {grant.permission: Scope(grant.scope) for grant in role.grants.all()}
        put_role(actor=SYSTEM, code=code, name=role.name, grants={**held, SHARE_VIEWS: scope})
    return company


def keep(company: Company, who: str, name: str, *, audience: str = "own") -> SavedView:
    return saved_views.save_view(actor=company.actor(who), page=KEY, name=name, query=QUERY, audience=audience)


def seen(company: Company, who: str) -> list[str]:
    return [view.name for view in saved_views.list_views(actor=company.actor(who), page=KEY)]


def enter(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def test_a_view_is_seen_by_whom_it_is_shown_to(sharing: Company) -> None:
    keep(sharing, "seller", "mine")
    keep(sharing, "manager", "east", audience="team")
    keep(sharing, "boss", "everybody", audience="all")
    assert seen(sharing, "seller") == ["mine", "east", "everybody"]
    assert seen(sharing, "manager") == ["east", "everybody"]
    assert seen(sharing, "boss") == ["everybody"]
    helper = User.objects.create(username="helper", name="helper", team=sharing.west)
    assert seen(sharing, "helper") == ["everybody"]
    helper.other_teams.add(sharing.shop)
    assert seen(sharing, "helper") == ["east", "everybody"]


@pytest.mark.parametrize(("who", "audience"), [("seller", "team"), ("seller", "all"), ("manager", "all")])
def test_who_may_not_share_keeps_nothing_for_others(sharing: Company, who: str, audience: str) -> None:
    with pytest.raises(PermissionDenied):
        keep(sharing, who, "wide", audience=audience)
    assert not SavedView.objects.exists()
    view = keep(sharing, who, "own")
    with pytest.raises(PermissionDenied):
        saved_views.change_view(actor=sharing.actor(who), view_id=view.pk, page=KEY, name="renamed", audience=audience)
    view.refresh_from_db()
    assert (view.name, view.audience) == ("own", "own")


def test_a_shared_view_is_changed_by_its_owner_and_by_who_shares_there(sharing: Company) -> None:
    view = keep(sharing, "manager", "east", audience="team")
    rename = partial(saved_views.change_view, view_id=view.pk, page=KEY, audience="team")
    with pytest.raises(PermissionDenied):
        rename(actor=sharing.actor("seller"), name="taken over")
    with pytest.raises(PermissionDenied):
        saved_views.delete_view(actor=sharing.actor("seller"), view_id=view.pk, page=KEY)
    with pytest.raises(SavedView.DoesNotExist):
        rename(actor=sharing.actor("boss"), name="unseen")
    boss = User.objects.get(username="boss")
    boss.other_teams.add(Team.objects.get(name="shop"))
    rename(actor=sharing.actor("boss"), name="mended")
    view.refresh_from_db()
    assert (view.name, view.team_id, view.user_id) == ("mended", sharing.east.pk, sharing.manager.pk)


def test_a_list_opens_with_ones_own_default_then_with_that_of_a_role(sharing: Company) -> None:
    client = enter("seller")
    assert client.get("/customers/").status_code == 200
    wide = keep(sharing, "boss", "everybody", audience="all")
    role = Role.objects.get(code="own")
    saved_views.put_role_defaults(actor=sharing.actor("boss"), page=KEY, view_id=wide.pk, role_ids=[role.pk])
    assert client.get("/customers/").headers["Location"] == f"/customers/?{QUERY}"
    assert enter("manager").get("/customers/").status_code == 200
    own = saved_views.save_view(
        actor=sharing.actor("seller"), page=KEY, name="mine", query="sort=name", is_default=True
    )
    assert client.get("/customers/").headers["Location"] == "/customers/?sort=name"
    everything = client.get("/customers/?all=1")
    assert everything.status_code == 200
    assert 'href="/customers/?all=1" aria-current="page"' in everything.content.decode()
    saved_views.delete_view(actor=sharing.actor("seller"), view_id=own.pk, page=KEY)
    assert client.get("/customers/").headers["Location"] == f"/customers/?{QUERY}"
    # Shown to nobody else any more, it opens nobody else's list.
    saved_views.change_view(actor=sharing.actor("boss"), view_id=wide.pk, page=KEY, name="mine", audience="own")
    assert not ViewDefault.objects.exists()
    assert client.get("/customers/").status_code == 200


def test_only_who_shares_with_everybody_sets_the_default_of_a_role(sharing: Company) -> None:
    role = Role.objects.get(code="own")
    wide = keep(sharing, "boss", "everybody", audience="all")
    with pytest.raises(PermissionDenied):
        saved_views.put_role_defaults(actor=sharing.actor("manager"), page=KEY, view_id=wide.pk, role_ids=[role.pk])
    narrow = keep(sharing, "boss", "own")
    with pytest.raises(SavedView.DoesNotExist):
        saved_views.put_role_defaults(actor=sharing.actor("boss"), page=KEY, view_id=narrow.pk, role_ids=[role.pk])
    assert not ViewDefault.objects.exists()


def test_the_settings_of_a_view_on_its_page(sharing: Company) -> None:
    boss, seller = enter("boss"), enter("seller")
    view = keep(sharing, "boss", "everybody")
    role = Role.objects.get(code="own")
    assert seller.get(f"/customers/views/{view.pk}/").status_code == 404
    form = {"name": "for all", "audience": "all", "role": [str(role.pk), "x"], "is_default": "on"}
    assert boss.post(f"/customers/views/{view.pk}/", form).status_code == 302
    assert set(ViewDefault.objects.values_list("user__username", "role__code")) == {("boss", None), (None, "own")}
    shown = seller.get(f"/customers/views/{view.pk}/").content.decode()
    assert "boss shows “for all” to you" in shown
    assert 'name="name"' not in shown
    assert seller.post(f"/customers/views/{view.pk}/", {"name": "mine now"}).status_code == 302
    view.refresh_from_db()
    assert view.name == "for all"
    assert seller.post(f"/customers/views/{view.pk}/delete/").status_code == 403
    assert boss.post(f"/customers/views/{view.pk}/", form | {"name": " "}).status_code == 422


def test_columns_height_and_what_stays_in_sight_are_kept_in_the_address(
    company: Company, make_customer: MakeCustomer
) -> None:
    make_customer("Ada")
    client = enter("boss")
    chosen = client.get(
        "/customers/columns/", {"column": ["owner", "city"], "freeze": "3", "rows": "compact", "sort": "name"}
    )
    wanted = "/customers/?sort=name&cols=name,owner,city&rows=compact&freeze=3"
    assert chosen.headers["Location"] == wanted
    page = client.get(wanted).content.decode()
    assert 'data-dense-view="compact"' in page
    client.post("/customers/views/", {"name": "kept", "cols": "name,owner,city", "rows": "compact", "freeze": "3"})
    assert SavedView.objects.get().query == "cols=name,owner,city&rows=compact&freeze=3"
    for odd in ("freeze=99", "rows=tiny", "freeze=x&rows=%00"):
        assert client.get(f"/customers/?{odd}").status_code == 200


@pytest.mark.parametrize("columns", ["city", "city,name", "city,city", "name,city"])
def test_the_name_is_always_the_first_column(company: Company, make_customer: MakeCustomer, columns: str) -> None:
    make_customer("Ada", city="Rome")
    page = enter("boss").get(f"/customers/?cols={columns}").content.decode()
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert head.count("data-column=") == 2
    assert head.index("Name") < head.index("City")
    assert "cols=name,city" in page
