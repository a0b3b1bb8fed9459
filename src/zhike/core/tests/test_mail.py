"""Mail goes to the one server of the settings, over TLS, and never takes long."""

import socket
import ssl
import time
from asyncio import Server
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from django.test import override_settings

from zhike.core import mail
from zhike.core.tests.mail_server import PASSWORD, USER, Post, mail_server_beside, make_certificate
from zhike.runtime.mail import mail_server
from zhike.runtime.problems import EnvironmentProblem

NAMED = {"ZHIKE_MAIL_HOST": "mail.example.cn", "ZHIKE_MAIL_FROM": "crm@example.cn"}


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with mail_server_beside(tmp_path) as post:
        yield post


def test_mail_goes_over_tls_with_the_password_of_the_file(post: Post, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    with post.settings(ZHIKE_MAIL_USER=USER, ZHIKE_MAIL_PASSWORD_FILE=str(secret)):
        mail.check_server()
        mail.send(to=["an@example.cn"], subject="你好", text="第一行\n.点", attachments=[("a.json", b"{}", "x/y")])
    (got,) = post.mails
    assert (got["Subject"], got["To"], got["Auto-Submitted"]) == ("你好", "an@example.cn", "auto-generated")
    assert post.was_secure == [True]
    assert post.logged_in[-1] == f"\0{USER}\0{PASSWORD}".encode()
    assert [part.get_filename() for part in got.iter_attachments()] == ["a.json"]


@pytest.fixture
def secure_peer(tmp_path: Path) -> Iterator[tuple[Controller, Path, list[Envelope]]]:
    """Somebody else's server, which speaks TLS from the first byte and knows one user."""
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    taken: list[Envelope] = []

    class Keep:
        async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
            taken.append(envelope)
            return "250 taken"

    def knows(server: Any, session: Any, envelope: Any, mechanism: str, told: Any) -> AuthResult:
        is_known = (told.login, told.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_known, handled=is_known)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    peer = Controller(
        Keep(),
        hostname="127.0.0.1",
        port=port,
        ssl_context=context,
        authenticator=knows,
        auth_require_tls=False,
    )
    peer.start()
    yield peer, certificate, taken
    # Who was refused the certificate hung up without a word, for which the server would wait half a minute.
    assert isinstance(peer.server, Server)
    peer.loop.call_soon_threadsafe(peer.server.abort_clients)
    peer.stop()


def test_mail_goes_over_tls_from_the_first_byte(
    secure_peer: tuple[Controller, Path, list[Envelope]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, certificate, taken = secure_peer
    (tmp_path / "password").write_text(PASSWORD)
    named = Post(port=peer.port, certificate=certificate)
    told, secret = {"ZHIKE_MAIL_SECURITY": "tls", "ZHIKE_MAIL_USER": USER}, str(tmp_path / "password")
    with named.settings(**told, ZHIKE_MAIL_PASSWORD_FILE=secret):
        mail.check_server()
        mail.send(to=["an@example.cn"], subject="你好", text="第一行\n.点")
        with override_settings(OUTGOING_CA_FILE=""), pytest.raises(mail.MailNotSent, match="CERTIFICATE_VERIFY_FAILED"):
            mail.send(to=["an@example.cn"], subject="x", text="x")
    (tmp_path / "password").write_text("another")
    with named.settings(**told, ZHIKE_MAIL_PASSWORD_FILE=secret), pytest.raises(mail.MailNotSent, match="535"):
        mail.send(to=["an@example.cn"], subject="x", text="x")
    # Who speaks plainly to it is not understood.
    monkeypatch.setattr(mail, "MOST_SECONDS", 0.3)
    with named.settings(), pytest.raises(mail.MailNotSent):
        mail.send(to=["an@example.cn"], subject="x", text="x")
    (got,) = taken
    assert got.rcpt_tos == ["an@example.cn"]
    assert message_from_bytes(got.original_content or b"", policy=default)["Subject"] == "你好"


def test_a_server_whose_certificate_is_not_trusted_gets_nothing(post: Post) -> None:
    with (
        post.settings(),
        override_settings(OUTGOING_CA_FILE=""),
        pytest.raises(mail.MailNotSent, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        mail.send(to=["an@example.cn"], subject="x", text="x")
    assert post.raw == []


def test_what_the_server_refuses_is_told_with_its_reason(post: Post) -> None:
    post.refuses = "550 no such person"
    with post.settings(), pytest.raises(mail.MailNotSent, match="550 no such person"):
        mail.send(to=["an@example.cn"], subject="x", text="x")


def test_a_server_that_talks_for_ever_is_cut_off(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    post.drips = True
    monkeypatch.setattr(mail, "MOST_SECONDS", 0.3)
    began = time.monotonic()
    with post.settings(), pytest.raises(mail.MailNotSent):
        mail.send(to=["an@example.cn"], subject="x", text="x")
    assert time.monotonic() - began < 3


def test_no_header_can_be_slipped_in(post: Post) -> None:
    with post.settings():
        for to, subject in (("an@example.cn", "x\r\nBcc: evil@example.cn"), ("a@b.cn\r\nBcc: c@d.cn", "x")):
            with pytest.raises(mail.MailNotSent):
                mail.send(to=[to], subject=subject, text="x")
    assert post.raw == []


def test_without_a_server_nothing_is_sent_and_that_is_said() -> None:
    assert not mail.is_configured()
    with pytest.raises(mail.MailNotSent, match="ZHIKE_MAIL_HOST"):
        mail.send(to=["an@example.cn"], subject="x", text="x")


def test_the_environment_names_a_server_or_says_what_is_wrong(tmp_path: Path) -> None:
    assert mail_server({}) is None
    made = mail_server(NAMED)
    assert made is not None
    assert (made.port, made.security) == (587, "starttls")
    assert "password" not in repr(made)
    assert mail_server({**NAMED, "ZHIKE_MAIL_HOST": "::1", "ZHIKE_MAIL_SECURITY": "none"}) is not None
    for wrong in (
        {"ZHIKE_MAIL_SECURITY": "none"},
        {"ZHIKE_MAIL_SECURITY": "ssl"},
        {"ZHIKE_MAIL_PORT": "x"},
        {"ZHIKE_MAIL_FROM": ""},
        {"ZHIKE_MAIL_PASSWORD_FILE": str(tmp_path / "none")},
    ):
        with pytest.raises(EnvironmentProblem):
            mail_server({**NAMED, **wrong})
