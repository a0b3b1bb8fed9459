from typing import cast

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import translation
from django.views import defaults
from django.views.csrf import csrf_failure

from zhike.core.actor import ANONYMOUS, Actor
from zhike.core.http import ActorRequest


def ask(actor: Actor) -> HttpRequest:
    request = cast(ActorRequest, RequestFactory().get("/lost/"))
    request.actor = actor
    return request


@pytest.mark.parametrize("actor", [ANONYMOUS, Actor(user_id=1, name="陈思远")])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_refusals_wear_the_look_of_the_house(actor: Actor, language: str) -> None:
    with translation.override(language):
        missing = defaults.page_not_found(ask(actor), PermissionDenied())
        forbidden = defaults.permission_denied(ask(actor), PermissionDenied())
    expect(missing, 404, {"zh-hans": "没有找到", "en": "Not found"}[language])
    expect(forbidden, 403, {"zh-hans": "没有权限", "en": "No permission"}[language])


def test_a_stale_form_says_what_to_do() -> None:
    expect(csrf_failure(ask(ANONYMOUS)), 403, "刷新页面")


@pytest.mark.parametrize(("template", "words"), [("500.html", "出了点问题"), ("400.html", "无法处理")])
def test_a_broken_server_needs_nothing_to_say_so(template: str, words: str) -> None:
    html = get_template(template).render()
    assert words in html
    assert "error-" in html


def expect(response: HttpResponse, status: int, words: str) -> None:
    assert response.status_code == status
    html = response.content.decode()
    assert words in html
    assert "style=" not in html
