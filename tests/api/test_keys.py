"""Keys open exactly as long as they may, and speak for nobody but their owner."""

from datetime import UTC, datetime, timedelta

from django.test import Client
from django.utils.timezone import now
from tests.api.conftest import PASSWORD, Program, body_of

from zhike.accounts import services
from zhike.accounts.models import Token, User
from zhike.core.actor import SYSTEM


def test_a_key_speaks_for_its_owner(boss: Program) -> None:
    me = body_of(boss.get("/me"))
    assert (me["id"], me["name"]) == (boss.user.pk, "boss")
    assert me["grants"]["customers.view_customer"]["all"]


def test_revoked_expired_and_deactivated_keys_are_refused(boss: Program) -> None:
    token = Token.objects.get()
    services.revoke_token(actor=boss.actor, token=token, at=now())
    assert boss.get("/me").status_code == 401

    Token.objects.update(revoked_at=None, expires_at=now() - timedelta(seconds=1))
    assert boss.get("/me").status_code == 401

    Token.objects.update(expires_at=now() + timedelta(hours=1))
    assert boss.get("/me").status_code == 200

    User.objects.update(is_active=False)
    assert boss.get("/me").status_code == 401


def test_only_the_digest_is_stored(boss: Program) -> None:
    token = Token.objects.get()
    assert boss.key not in {str(value) for value in vars(token).values()}
    assert token.digest == services.digest_of(boss.key)


def test_use_is_noted_at_most_once_a_minute(boss: Program) -> None:
    boss.get("/me")
    first = Token.objects.get().last_used_at
    boss.get("/me")
    assert first is not None
    assert Token.objects.get().last_used_at == first
    Token.objects.update(last_used_at=datetime(2020, 1, 1, tzinfo=UTC))
    boss.get("/me")
    assert Token.objects.get().last_used_at > first


def test_a_session_may_read_and_needs_the_csrf_token_to_write(boss: Program) -> None:
    services.put_builtin_roles(actor=SYSTEM)
    browser = Client(enforce_csrf_checks=True)
    assert browser.login(username="BOSS", password=PASSWORD)
    assert browser.get("/api/v1/me").status_code == 200
    order = {"source": "s", "number": "1", "placed_at": "2026-01-01T00:00:00Z", "currency": "CNY"}
    order |= {"lines": [{"quantity": "1", "unit_price": "1"}]}
    assert browser.post("/api/v1/orders", order, content_type="application/json").status_code == 403
    browser.get("/account/")
    token = browser.cookies["zhike_csrf"].value
    response = browser.post("/api/v1/orders", order, content_type="application/json", headers={"X-CSRFToken": token})
    assert response.status_code == 201


def test_a_wrong_key_beside_a_session_is_refused(boss: Program) -> None:
    browser = Client()
    browser.login(username="boss", password=PASSWORD)
    assert browser.get("/api/v1/me", headers={"Authorization": "Bearer zk_wrong"}).status_code == 401


def test_a_key_opens_no_page(boss: Program) -> None:
    client = Client(headers={"Authorization": f"Bearer {boss.key}"})
    assert client.get("/customers/").status_code == 302
    assert client.get("/settings/users/").status_code == 302
