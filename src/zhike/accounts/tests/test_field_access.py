"""The matrix of roles and fields."""

import pytest
from django.test import Client

from zhike.accounts import services
from zhike.accounts.actors import actor_of
from zhike.accounts.models import FieldAccess, Role
from zhike.accounts.services import LevelUnfit
from zhike.core import fields
from zhike.core.actor import SYSTEM, Scope, Sight

pytestmark = pytest.mark.django_db
PHONE, NAME, CITY = (f"customers.customer.{name}" for name in ("phone", "name", "city"))


@pytest.fixture
def seller() -> Role:
    return services.put_role(actor=SYSTEM, code="s", name="Seller", grants={"customers.view_customer": Scope.OWN})


@pytest.fixture
def boss() -> Client:
    roles = [services.put_builtin_roles(actor=SYSTEM)["administrator"]]
    user = services.create_user(actor=SYSTEM, username="boss", name="boss", password="long enough for all", roles=roles)
    client = Client()
    client.force_login(user)
    return client


def levels_of(role: Role) -> dict[str, int]:
    return dict(FieldAccess.objects.filter(role=role).values_list("field", "level"))


def test_only_what_differs_from_a_fields_own_level_is_kept(seller: Role) -> None:
    services.put_field_access(actor=SYSTEM, role=seller, levels={PHONE: Sight.MASKED, CITY: Sight.WRITE})
    assert levels_of(seller) == {PHONE: Sight.MASKED}
    services.put_field_access(actor=SYSTEM, role=seller, levels={PHONE: Sight.WRITE})
    assert levels_of(seller) == {PHONE: Sight.WRITE}


@pytest.mark.parametrize(("key", "level"), [(NAME, Sight.HIDDEN), (CITY, Sight.MASKED), ("x.y.z", Sight.READ)])
def test_a_level_that_a_field_does_not_have_is_refused(seller: Role, key: str, level: Sight) -> None:
    with pytest.raises(LevelUnfit):
        services.put_field_access(actor=SYSTEM, role=seller, levels={PHONE: Sight.MASKED, key: level})
    assert levels_of(seller) == {}


def test_the_matrix_saves_a_level_for_each_field_and_role(boss: Client, seller: Role) -> None:
    page = boss.get("/settings/field-access/").content.decode()
    assert f'name="level-{seller.pk}-{PHONE}"' in page
    saved = boss.post("/settings/field-access/", {f"level-{seller.pk}-{PHONE}": "0", f"level-{seller.pk}-{NAME}": "1"})
    assert saved.status_code == 302
    assert levels_of(seller) == {PHONE: Sight.HIDDEN, NAME: Sight.MASKED}
    # Five hundred fields of a company's own, for five roles.
    many = {f"level-{role}-{field}": "3" for role in range(5) for field in range(600)}
    assert boss.post("/settings/field-access/", many).status_code == 302


def test_many_fields_are_set_at_once_each_to_the_nearest_level_it_has(boss: Client, seller: Role) -> None:
    bulk = {"act": "bulk", "bulk_role": str(seller.pk), "bulk_care": "", "bulk_level": "0"}
    assert boss.post("/settings/field-access/", bulk).status_code == 302
    lowest = {field.key: min(field.levels) for field in fields.list_fields("customers.customer")}
    user = services.create_user(actor=SYSTEM, username="x", name="x", password="long enough for all", roles=[seller])
    assert dict(actor_of(user).sights) == lowest


def test_a_role_that_cannot_see_customers_has_no_say_and_no_cells(boss: Client) -> None:
    clerk = services.put_role(actor=SYSTEM, code="c", name="Clerk", grants={"accounts.use_api": Scope.ALL})
    assert f"level-{clerk.pk}-" not in boss.get("/settings/field-access/").content.decode()


def test_who_may_not_manage_users_may_not_look(seller: Role) -> None:
    user = services.create_user(actor=SYSTEM, username="x", name="x", password="long enough for all", roles=[seller])
    client = Client()
    client.force_login(user)
    assert client.get("/settings/field-access/").status_code == 403
    assert client.post("/settings/field-access/", {f"level-{seller.pk}-{PHONE}": "0"}).status_code == 403
    assert levels_of(seller) == {}
