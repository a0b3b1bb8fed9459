"""The only way out for mail: the one server that the environment names, over TLS, and never for long.

Nobody waits for mail: what is sent to people or auditors is sent by tasks, which try again.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.core.mail.backends.smtp import EmailBackend
from django.utils.functional import cached_property

from zhike.runtime.mail import MOST_SECONDS

LONGEST_PROBLEM = 300


class MailNotSent(Exception):
    """The server was not reached, or did not take it; says why."""


def is_configured() -> bool:
    """Whether this instance sends mail at all."""
    return "default" in mailers


def server_name() -> str:
    """Which server that is, for people."""
    mailer: Any = mailers["default"]
    return f"{mailer.host}:{mailer.port}"


def send(*, to: Sequence[str], subject: str, text: str, attachments: Iterable[tuple[str, bytes, str]] = ()) -> None:
    """Hand one mail to the server. attachments: name, content and media type of each.

    :raises MailNotSent: there is no server, or it did not take the mail within `MOST_SECONDS`
    """
    if not is_configured():
        raise MailNotSent("ZHIKE_MAIL_HOST is not set")
    message = EmailMessage(subject=subject, body=text, from_email=settings.MAIL_FROM, to=list(to))
    for name, content, media_type in attachments:
        message.attach(name, content, media_type)
    # Not to be answered by the machines of those who are away.
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    with _telling_problems():
        message.send()


def check_server() -> None:
    """Connect and log in, and send nothing.

    :raises MailNotSent: one of these does not work
    """
    mailer: Any = mailers["default"]
    with _telling_problems():
        mailer.try_out()


@contextmanager
def _telling_problems() -> Iterator[None]:
    try:
        yield
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise MailNotSent(_said(error)) from error


def _said(error: Exception) -> str:
    """What went wrong in one line; servers write theirs as bytes."""
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        said = f"{error.smtp_code} {reply.decode(errors='replace') if isinstance(reply, bytes) else reply}"
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = [f"{code} {bytes(reply).decode(errors='replace')}" for code, reply in error.recipients.values()]
        said = "; ".join(replies)
    else:
        said = str(error)
    return f"{type(error).__name__}: {' '.join(said.split())}"[:LONGEST_PROBLEM]


class _Watched(smtplib.SMTP):
    """A conversation whose connection is known before the first word is said."""

    watch: ClassVar[Callable[[socket.socket], None]]

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        type(self).watch(made)
        return made


class _SecureWatched(smtplib.SMTP_SSL, _Watched):
    """The same, over TLS from the first byte; `SMTP_SSL` takes the socket over from `_Watched`."""


class Backend(EmailBackend):
    """Django's, with our certificates, and an end to a server that answers a byte at a time."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=settings.OUTGOING_CA_FILE or None)

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        base = _SecureWatched if self.use_ssl else _Watched
        return type("Connection", (base,), {"watch": staticmethod(self._watch)})

    def send_messages(self, email_messages: Sequence[Any]) -> int:
        with self._watching():
            return int(super().send_messages(email_messages) or 0)

    def try_out(self) -> None:
        """Connect, log in and leave."""
        with self._watching():
            self.open()
            self.close()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        self._watches: list[tuple[threading.Timer, socket.socket]] = []
        try:
            yield
        finally:
            for timer, twin in self._watches:
                timer.cancel()
                twin.close()

    def _watch(self, connection: socket.socket) -> None:
        # TLS takes the socket over; its twin still reaches the same connection.
        twin = connection.dup()
        timer = threading.Timer(MOST_SECONDS, _cut, [twin])
        timer.daemon = True
        timer.start()
        self._watches.append((timer, twin))


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
