"""A view that somebody shares tells nobody what they could not ask themselves, and stays when what it names is gone."""

from html import unescape

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.models import Role, SavedView, Team, User, ViewDefault
from zhike.accounts.permissions import SHARE_VIEWS
from zhike.accounts.services import put_field_access, put_role, saved_views
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.core.finder import Asked
from zhike.customers import findable_views
from zhike.customers.listing import KEY
from zhike.customers.models import Tag
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.services import definitions

PHONE = "13912345678"


@pytest.fixture
def shown(company: Company, make_customer: MakeCustomer) -> Company:
    """The boss shows views to everybody; the seller sees Ada."""
    make_customer("Ada", owner=company.seller, team=company.shop, city="Xi'an")
    role = Role.objects.get(code="all")
    held = {grant.permission: Scope(grant.scope) for grant in role.grants.all()}
    put_role(actor=SYSTEM, code="all", name=role.name, grants={**held, SHARE_VIEWS: Scope.ALL})
    return company


def close(sight: Sight, *names: str) -> None:
    levels = {f"customers.customer.{name}": sight for name in names}
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="own"), levels=levels)


def keep(company: Company, query: str, *, name: str = "shared") -> SavedView:
    return saved_views.save_view(actor=company.actor("boss"), page=KEY, name=name, query=query, audience="all")


def enter(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def told(company: Company, client: Client, view: SavedView) -> str:
    """Everything in which a view shows itself to the seller."""
    role = Role.objects.get(code="own")
    saved_views.put_role_defaults(actor=company.actor("boss"), page=KEY, view_id=view.pk, role_ids=[role.pk])
    asked = Asked(actor=company.actor("seller"), typed=view.name)
    answers = [
        client.get(address)
        for address in (
            "/customers/",
            "/customers/?all=1",
            f"/customers/?view={view.pk}",
            f"/customers/views/{view.pk}/",
        )
    ]
    answers.append(client.post(f"/customers/views/{view.pk}/", {"is_default": "on"}))
    answers.append(client.get("/customers/"))
    assert {answer.status_code for answer in answers} <= {200, 302}
    parts = [answer.content.decode() + answer.headers.get("Location", "") for answer in answers]
    return "".join([*parts, *(found.url + found.title for found in findable_views.find(asked))])


@pytest.mark.parametrize(
    ("closed", "sight", "query", "secret"),
    [
        ("phone", Sight.HIDDEN, f"f=phone:has:{PHONE[:8]}", PHONE[:8]),
        ("phone", Sight.MASKED, f"f=city:is:Lhasa;any(kind:is:person;phone:has:{PHONE[:8]})", PHONE[:8]),
        ("phone", Sight.MASKED, f"q={PHONE}", PHONE),
        ("phone", Sight.MASKED, f"f=none(name:has:{PHONE})", PHONE),
        ("grade", Sight.HIDDEN, "f=grade:is:top", "grade:is"),
        ("amount", Sight.MASKED, "f=amount:from:77001", "77001"),
        ("amount", Sight.MASKED, "sort=-amount&cols=name,amount,city&as=chart&by=city&sum=amount", "sum=amount"),
        ("city", Sight.HIDDEN, "sort=name&cols=name,city,province&by=city", "by=city"),
        ("id_number", Sight.MASKED, "f=id_number:is:00ff00ff", "00ff"),
    ],
)
def test_a_view_says_nothing_of_what_its_viewer_does_not_read(
    shown: Company, closed: str, sight: Sight, query: str, secret: str
) -> None:
    view = keep(shown, query)
    close(sight, closed)
    text = told(shown, enter("seller"), view)
    assert secret not in text
    assert sight is Sight.MASKED or f"cols=name,{closed}" not in text
    # Whoever made it has it as it was.
    assert f"/customers/?{query}" in unescape(enter("boss").get("/customers/?all=1").content.decode())


def test_a_view_that_asks_for_what_is_hidden_opens_without_it(shown: Company) -> None:
    view = keep(shown, "f=kind:is:person;grade:is:top")
    close(Sight.HIDDEN, "grade")
    client = enter("seller")
    page = client.get(f"/customers/?view={view.pk}").content.decode()
    assert "“shared” asks about something that you do not see." in page
    assert 'href="/customers/?f=kind:is:person"' in page
    assert "Grade" not in page
    # The list of a role opens, though not with this.
    saved_views.put_role_defaults(
        actor=shown.actor("boss"), page=KEY, view_id=view.pk, role_ids=[Role.objects.get(code="own").pk]
    )
    opened = client.get("/customers/")
    assert opened.status_code == 200
    assert "Your list opens with “shared”" in opened.content.decode()
    assert "Ada" in opened.content.decode()
    for odd in ("999999", "x", "", "9" * 40, "-1", "１"):
        assert client.get("/customers/", {"view": odd}).status_code == 404


def test_a_view_that_is_not_shown_to_one_is_not_there(shown: Company) -> None:
    own = saved_views.save_view(actor=shown.actor("boss"), page=KEY, name="mine", query="f=grade:is:top")
    assert enter("seller").get(f"/customers/?view={own.pk}").status_code == 404
    assert enter("boss").get(f"/customers/?view={own.pk}").headers["Location"] == "/customers/?f=grade:is:top"


def test_an_order_by_a_field_that_is_archived_is_left_out(shown: Company) -> None:
    made = definitions.create_field(actor=SYSTEM, at=NOON, record="customers.customer", kind=Kind.NUMBER, label="Size")
    FieldDefinition.objects.filter(pk=made.pk).update(index=Index.READY)
    definitions.lock("customers.customer")
    name = f"custom.{made.key}"
    view = keep(shown, f"f=kind:is:person&sort=-{name}&cols=name,{name}")
    client = enter("seller")
    assert f"sort=-{name}" in client.get(f"/customers/?view={view.pk}").headers["Location"]
    definitions.archive_field(actor=SYSTEM, pk=made.pk, at=NOON)
    assert client.get(f"/customers/?view={view.pk}").headers["Location"] == "/customers/?f=kind:is:person&cols=name"
    refused = enter("boss").get(f"/customers/?{view.query}")
    assert refused.status_code == 400
    assert 'href="/customers/?f=kind:is:person&amp;cols=name"' in refused.content.decode()


def test_a_filter_names_what_is_gone_as_gone(shown: Company) -> None:
    tag = Tag.objects.create(name="VIP")
    query = f"f=owner:is:{shown.colleague.pk};team:is:{shown.west.pk};tag:is:{tag.pk}"
    view = keep(shown, query)
    client = enter("seller")
    page = client.get(f"/customers/?{view.query}").content.decode()
    assert "Tag is VIP" in page
    Tag.objects.all().delete()
    Team.objects.filter(pk=shown.west.pk).delete()
    page = client.get(f"/customers/?{view.query}").content.decode()
    assert f"Tag is #{tag.pk}, no longer there" in page
    assert f"Team is #{shown.west.pk}, no longer there" in page
    assert client.get(f"/customers/filter/?{view.query}").status_code == 200


def test_a_team_that_goes_takes_no_view_along(shown: Company) -> None:
    boss = User.objects.get(username="boss")
    team = accounts.create_team(actor=SYSTEM, name="short-lived", parent=shown.east)
    boss.other_teams.add(team)
    view = keep(shown, "f=kind:is:person")
    SavedView.objects.filter(pk=view.pk).update(audience="team", team=team)
    ViewDefault.objects.create(page=KEY, user=shown.seller, view=view)
    ViewDefault.objects.create(page=KEY, user=boss, view=view)
    accounts.delete_team(actor=SYSTEM, team=team)
    view.refresh_from_db()
    assert (view.audience, view.team_id) == ("own", None)
    assert list(ViewDefault.objects.values_list("user__username", flat=True)) == ["boss"]


def test_what_is_kept_for_oneself_again_opens_nobody_elses_list(shown: Company) -> None:
    view = keep(shown, "f=kind:is:person")
    role = Role.objects.get(code="own")
    boss = shown.actor("boss")
    saved_views.put_role_defaults(actor=boss, page=KEY, view_id=view.pk, role_ids=[role.pk])
    saved_views.save_view(actor=boss, page=KEY, name="shared", query="f=kind:is:person")
    assert not ViewDefault.objects.exists()


def test_who_shares_no_more_tells_others_nothing_by_a_name(shown: Company) -> None:
    view = keep(shown, "f=kind:is:person")
    put_role(actor=SYSTEM, code="all", name="ALL", grants={"customers.view_customer": Scope.ALL})
    boss = shown.actor("boss")
    with pytest.raises(PermissionDenied):
        saved_views.change_view(actor=boss, view_id=view.pk, page=KEY, name="listen", audience="all")
    with pytest.raises(PermissionDenied):
        saved_views.save_view(actor=boss, page=KEY, name="shared", query="q=listen", audience="all")
    saved_views.change_view(actor=boss, view_id=view.pk, page=KEY, name="listen", audience="own")
    assert SavedView.objects.get().audience == "own"


@pytest.mark.parametrize("done", ["apply", "say", "redraw", "add-", "group-0.0.0.0", "drop-9.9"])
def test_no_form_builds_more_than_an_address_may_spell(shown: Company, done: str) -> None:
    client = enter("boss")
    deep = "any(" * 5 + "kind:is:person" + ")" * 5
    wide = ";".join(["kind:is:person"] * 40)
    for form in (
        {"join-0": "any", "join-0.0": "any", "kept-0.0.0": deep},
        {f"kept-{place}": wide for place in range(60)},
        {"field-0": "name", "op-0": "has", "value-0": "x" * 9_000},
        {"field-0": "amount", "op-0": "from", "value-0": "1e-999999999"},
        {"join-0": "any", "join-0.0": "none"},
    ):
        answer = client.get("/customers/filter/", {**form, "do": done})
        assert answer.status_code in (200, 302)
        if answer.status_code == 302:
            assert client.get(answer.headers["Location"]).status_code == 200


def test_another_list_takes_the_place_of_ones_own_and_of_nobody_elses(shown: Company) -> None:
    view = keep(shown, "f=kind:is:person")
    role = Role.objects.get(code="own")
    boss, client = shown.actor("boss"), enter("boss")
    saved_views.put_role_defaults(actor=boss, page=KEY, view_id=view.pk, role_ids=[role.pk])
    assert f'<option value="{view.pk}">shared</option>' in client.get("/customers/?sort=name").content.decode()
    assert enter("seller").post("/customers/views/", {"view": view.pk, "sort": "name"}).status_code == 404
    assert (
        client.post("/customers/views/", {"view": view.pk, "sort": "name"}).headers["Location"]
        == "/customers/?sort=name"
    )
    assert client.post("/customers/views/", {"view": "x", "sort": "name"}).status_code == 404
    view.refresh_from_db()
    assert (view.query, view.audience) == ("sort=name", "all")
    assert ViewDefault.objects.filter(role=role, view=view).exists()
    put_role(actor=SYSTEM, code="all", name="ALL", grants={"customers.view_customer": Scope.ALL})
    with pytest.raises(PermissionDenied):
        saved_views.replace_list(actor=shown.actor("boss"), view_id=view.pk, page=KEY, query="q=listen")


def test_a_list_that_cannot_be_shown_is_not_counted_and_not_kept(company: Company) -> None:
    client = enter("boss")
    for address in ("?f=custom.gone:is:1", "?f=((", "?sort=gone"):
        page = client.get(f"/customers/{address}")
        assert page.status_code == 400
        text = page.content.decode()
        assert "/customers/count/" not in text
        assert 'id="zk-save-view"' not in text
    assert "/customers/count/" in client.get("/customers/?f=kind:is:person").content.decode()
