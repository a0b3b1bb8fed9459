"""A mail server on loopback that speaks SMTP with STARTTLS, and keeps what it is given."""

import base64
import ipaddress
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.test import override_settings

from zhike.runtime.mail import mail_server

USER, PASSWORD = "crm", "s3cret"


@dataclass
class Post:
    """What a server got. refuses: an answer to every recipient; drips: it says its greeting a byte at a time."""

    port: int
    certificate: Path
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    was_secure: list[bool] = field(default_factory=list)
    logged_in: list[bytes] = field(default_factory=list)
    refuses: str = ""
    drips: bool = False

    @property
    def mails(self) -> list[EmailMessage]:
        return [BytesParser(policy=default).parsebytes(one) for one in self.raw]

    def settings(self, **more: str) -> Any:
        """Settings of an instance that sends its mail here."""
        told = {
            "ZHIKE_MAIL_HOST": "127.0.0.1",
            "ZHIKE_MAIL_PORT": str(self.port),
            "ZHIKE_MAIL_FROM": "知客 <crm@example.cn>",
            **more,
        }
        made = mail_server(told)
        assert made is not None
        mailers = {"default": {"BACKEND": "zhike.core.mail.Backend", "OPTIONS": made.options()}}
        return override_settings(MAILERS=mailers, MAIL_FROM=made.sender, OUTGOING_CA_FILE=str(self.certificate))


class _Talk(socketserver.StreamRequestHandler):
    post: Post
    context: ssl.SSLContext

    def handle(self) -> None:
        if self.post.drips:
            for _ in range(200):
                self.wfile.write(b"2")
                time.sleep(0.05)
        self._say("220 here")
        is_secure = False
        while line := self.rfile.readline():
            verb = line[:4].upper().strip()
            if verb == b"STAR":
                self._say("220 go ahead")
                self.request = self.context.wrap_socket(self.request, server_side=True)
                self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
                is_secure = True
            elif verb == b"EHLO":
                self._say("250-here", "250-AUTH PLAIN" if is_secure else "250-STARTTLS", "250 SIZE 1000000")
            elif verb == b"AUTH":
                self.post.logged_in.append(base64.b64decode(line.split()[-1]))
                self._say("235 ok")
            elif verb == b"RCPT":
                self.post.recipients.append(line.decode().strip())
                self._say(self.post.refuses or "250 ok")
            elif verb == b"DATA":
                self._say("354 go on")
                self.post.raw.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                self.post.was_secure.append(is_secure)
                self._say("250 taken")
            elif verb == b"QUIT":
                return self._say("221 bye")
            else:
                self._say("250 ok")
        return None

    def handle_error(self) -> None:
        """Nothing: the other side may go at any time."""

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: the other side may go at any time."""


@contextmanager
def mail_server_beside(folder: Path) -> Iterator[Post]:
    """A server beside the test; its certificate is made in the folder."""
    certificate, key = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    talk: Any = type("Talk", (_Talk,), {"context": context})
    with _Server(("127.0.0.1", 0), talk) as server:
        talk.post = post = Post(port=server.server_address[1], certificate=certificate)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield post
        finally:
            server.shutdown()
            thread.join()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine's own address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "mail.pem", folder / "mail.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret
