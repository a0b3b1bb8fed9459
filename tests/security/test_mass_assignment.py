"""Only what a form or an operation names can be set."""

import json
from typing import Any

import pytest
from django.test import Client
from tests.api.conftest import Hire, Program, body_of

from zhike.accounts.models import User
from zhike.config.api import api
from zhike.core.actor import Scope
from zhike.customers.models import Customer

PRIVILEGES = {
    *("is_superuser", "is_staff", "is_active", "kind", "roles", "role", "team", "teams", "session_epoch", "grants"),
    *("must_change_password", "username", "password", "id", "pk", "manager", "email"),
}


def input_schemas() -> dict[str, Any]:
    description = api.get_openapi_schema()
    found = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if kind == "application/json":
                    found[f"{method} {path}"] = content["schema"]
    return {name: _resolve(schema, description) for name, schema in found.items()}


def _resolve(schema: dict[str, Any], description: dict[str, Any]) -> list[dict[str, Any]]:
    """The schema and every object inside it."""
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    inner = [*schema.get("properties", {}).values(), schema.get("items"), *schema.get("anyOf", [])]
    return [schema, *(found for one in inner if isinstance(one, dict) for found in _resolve(one, description))]


def test_every_operation_refuses_fields_that_it_does_not_name() -> None:
    schemas = input_schemas()
    assert len(schemas) >= 10
    open_ones = {
        f"{name}: {schema.get('title')}"
        for name, found in schemas.items()
        for schema in found
        if "properties" in schema and schema.get("additionalProperties") is not False
    }
    assert open_ones == set()


@pytest.mark.parametrize(
    "field", ["id", "owner", "team_id", "created_at", "grade", "import_id", "name_normal", "__class__"]
)
def test_a_customer_takes_no_field_of_the_table(boss: Program, field: str) -> None:
    answer = boss.post("/customers", {"name": "x", field: 1})
    assert answer.status_code == 422
    assert {error["pointer"] for error in body_of(answer)["errors"]} == {f"/{field}"}
    assert not Customer.objects.exists()


@pytest.mark.parametrize("address", ["/account/", "/account/preferences/", "/account/password/", "/account/keys/"])
def test_nobody_makes_more_of_themselves_by_their_own_settings(hire: Hire, address: str) -> None:
    user = hire("seller", scope=Scope.OWN).user
    browser = Client()
    browser.force_login(user)
    before = picture(user)
    form = {"locale": "en", "zone": "UTC", "theme": "dark", **dict.fromkeys(PRIVILEGES, "1"), "is_superuser": "true"}
    browser.post(address, form)
    assert picture(user) == before


def picture(user: User) -> dict[str, Any]:
    found = User.objects.get(pk=user.pk)
    kept = {
        name: getattr(found, name)
        for name in ("username", "email", "kind", "is_active", "team_id", "manager_id", "password")
    }
    return json.loads(json.dumps({**kept, "roles": sorted(found.roles.values_list("pk", flat=True))}))  # type: ignore[no-any-return]


def test_a_key_opens_no_more_than_its_owner_may(hire: Hire) -> None:
    seller = hire("seller", scope=Scope.OWN, without=("accounts.manage_users",))
    browser = Client()
    browser.force_login(seller.user)
    answer = browser.post(
        "/account/keys/", {"name": "x", "lifetime": "30", "reach": "chosen", "permissions": "accounts.manage_users"}
    )
    assert answer.status_code in {200, 302, 422}
    assert browser.get("/settings/users/").status_code == 403
