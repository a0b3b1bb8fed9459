"""The company's single sign-on (OpenID Connect), where the instance has one.

People are known by the provider's stable subject, never by name or e-mail address, which may pass on to somebody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn
from urllib.parse import urlencode

import jwt
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from requests import RequestException, Session

from zhike.accounts import services
from zhike.accounts.address import client_address
from zhike.accounts.announcing import announce
from zhike.accounts.events import LogInRefused
from zhike.accounts.services.attempts import network_of
from zhike.core.buckets import Buckets, Rate
from zhike.core.outgoing import outgoing_session

TOKEN = "sign_on_token"  # noqa: S105 - the name of a place
END = "sign_on_end"
FAILED = gettext_lazy("The sign-on did not work. Try again, or tell your administrator.")
NOTED = Rate(per_second=1 / 60, burst=5)
noted = Buckets()
ALGORITHMS = frozenset({f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512)} | {"EdDSA"})
FROM_HERE = ("same-origin", "none", "")


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the log-in page offers. name: as people know it, for example "企业微信"."""

    name: str
    url: str


def configured() -> Mapping[str, str]:
    """What the settings say of the sign-on; empty where the instance has none."""
    found: Mapping[str, str] | None = settings.SIGN_ON
    return found or {}


def offer() -> Offer | None:
    """The sign-on of this instance; None where it has none."""
    told = configured()
    return Offer(name=told["name"], url=reverse("openid_connect_login", args=[told["id"]])) if told else None


class Asking(OAuth2Client):
    """Asks for a token that says which question it answers; allauth sends no nonce by itself."""

    def get_redirect_url(self, authorization_url: str, scope: Any, extra_params: dict[str, str]) -> str:
        url: str = super().get_redirect_url(authorization_url, scope, {**extra_params, "nonce": nonce_of(self.state)})
        return url


class Provider(OpenIDConnectOAuth2Adapter):
    """allauth's client, which here also looks at what it could leave to the transport."""

    client_class = Asking

    def get_provider(self) -> Any:
        found = super().get_provider()
        found.oauth2_adapter_class = type(self)  # or it would ask with allauth's own
        return found

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says of itself.

        :raises OAuth2Error: it is not the issuer that the settings name
        """
        config: dict[str, Any] = super().openid_config
        if str(config.get("issuer", "")).rstrip("/") != configured()["issuer"]:
            raise OAuth2Error("The provider names another issuer.")
        return config

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **details: Any) -> SocialLogin:
        found = super().complete_login(request, app, token, **details)
        claims = found.account.extra_data
        told, signed = claims.get("userinfo", {}), claims.get("id_token")
        if not signed or told.get("sub") != signed["sub"]:
            raise OAuth2Error("The provider's answers are about different people.")
        if not constant_time_compare(str(signed.get("nonce", "")), nonce_of(request.GET.get("state", ""))):
            raise OAuth2Error("The provider's token answers another question.")
        request.session[TOKEN] = details["response"]["id_token"]
        return found

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        check_algorithm(id_token)
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
            verify_signature=True,
        )
        return claims


def nonce_of(state: str) -> str:
    """What binds a token to the state of one question, which the session keeps and which is taken once."""
    return sha256(b"zhike sign-on nonce\n" + state.encode()).hexdigest()


def check_algorithm(token: str) -> None:
    """See that it is signed by a key of which the provider alone holds the secret half.

    :raises OAuth2Error: by another algorithm, by none, or it is no token
    """
    try:
        algorithm = jwt.get_unverified_header(token).get("alg")
    except jwt.PyJWTError as error:
        raise OAuth2Error("The provider's token cannot be read.") from error
    if algorithm not in ALGORITHMS:
        raise OAuth2Error("The provider's token is signed in a way that is not taken.")


class SignOnAdapter(DefaultSocialAccountAdapter):
    """Who is unknown becomes a user only where the instance says with which role."""

    def get_requests_session(self) -> Session:
        """What the provider says of itself names further addresses, so none is asked unguarded."""
        return outgoing_session()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.is_existing or sociallogin.state.get("process") == AuthProcess.CONNECT:
            return
        claims = sociallogin.account.extra_data["userinfo"]
        role = configured()["role"]
        if not role:
            self._refuse(request, claims)
        user = services.create_user_by_sign_on(
            username=str(claims.get("preferred_username") or claims.get("email") or claims["sub"]),
            name=str(claims.get("name") or claims.get("preferred_username") or claims["sub"]),
            email=str(claims.get("email") or ""),
            role_code=role,
        )
        sociallogin.connect(request, user)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **details: Any) -> None:
        _note_failure(request)
        messages.error(request, FAILED)
        raise ImmediateHttpResponse(redirect("log_in"))

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("my_security")

    def _refuse(self, request: HttpRequest, claims: Mapping[str, Any]) -> NoReturn:
        known_as = str(claims.get("preferred_username") or claims["sub"])
        announce(LogInRefused(username=known_as, address=client_address(request), reason="sign_on_unknown"))
        messages.error(request, _("Nobody here is known to the sign-on as you are. Ask your administrator."))
        raise ImmediateHttpResponse(redirect("log_in"))


@never_cache
@login_not_required
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to the provider; other sites cannot send anybody."""
    if request.headers.get("Sec-Fetch-Site", "") not in FROM_HERE:
        return redirect("log_in")
    return _view(OAuth2LoginView, request, provider_id)


@never_cache
@login_not_required
def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The provider sends people back here."""
    return _view(OAuth2CallbackView, request, provider_id)


def _view(kind: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    if provider_id != configured().get("id"):
        raise Http404
    try:
        response: HttpResponse = kind.adapter_view(Provider(request, provider_id))(request)
    except (OAuth2Error, RequestException):
        _note_failure(request)
        messages.error(request, FAILED)
        return redirect("log_in")
    return response


def _note_failure(request: HttpRequest) -> None:
    # Anybody can make it fail, so that an address has a few entries and no more.
    address = client_address(request)
    if not noted.take(network_of(address), NOTED):
        announce(LogInRefused(username="", address=address, reason="sign_on_failed"))


def plan_end(request: HttpRequest) -> str:
    """Where one leaves the provider too, for somebody who came in by it; empty for others and where it has no end."""
    told, records = configured(), get_authentication_records(request, request.user)
    if not told or not any(record["method"] == "socialaccount" for record in records):
        return ""
    try:
        end = Provider(request, told["id"]).openid_config.get("end_session_endpoint", "")
    except (OAuth2Error, RequestException):
        return ""
    back = request.build_absolute_uri(reverse("log_in"))
    details = {"client_id": told["client_id"], "post_logout_redirect_uri": back}
    if hint := request.session.get(TOKEN):
        details["id_token_hint"] = hint
    return f"{end}?{urlencode(details)}" if end else ""
