"""Carries signed heads out of the house: by mail, and to an address that takes them.

The newest head stands for all before it, so it alone is sent: at once to an address, every so many hours by mail. A
place that does not take it is tried again, later each time. Whatever happens here, sealing goes on: this only reads
heads, in a task of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from requests import RequestException

from zhike.audit import keys
from zhike.audit.models import Head, Publication
from zhike.audit.published import JSON, head_json
from zhike.audit.sealing import OWNER
from zhike.core import mail
from zhike.core.outgoing import outgoing_session

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_SECONDS = 10.0
MAIL_TEXT = """\
知客操作历史的签名树头 {number}，覆盖 {size} 条记录，封存于 {sealed_at}（UTC）。
请保存这封邮件。日后在服务器上核对：zhike audit verify --against 这封邮件.eml（或附件）
树头之前的任何一条记录如果改动过、删除过或换过位置，核对都会指出来。

Signed head {number} of Zhike's change history: {size} entries, sealed at {sealed_at} (UTC).
Keep this mail. To compare later, on the server: zhike audit verify --against THIS.eml (or the attachment)
Whatever is changed, deleted or swapped before this head will show.

公钥 / Public key: {key}
{statement}
"""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A place outside. kind: "mail" or "url"."""

    kind: str
    address: str

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.address}"

    @property
    def pause(self) -> timedelta:
        """How long a head that was taken is enough."""
        return timedelta(hours=settings.AUDIT_MAIL_HOURS) if self.kind == "mail" else timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What became of one. problem: empty where the place has the head."""

    destination: Destination
    number: int
    problem: str = ""


class NotTaken(Exception):
    """The place was not reached, or refused; says why."""


def list_destinations() -> list[Destination]:
    """The places that the settings name."""
    found = [Destination(kind="mail", address=address) for address in settings.AUDIT_MAIL_TO]
    if settings.AUDIT_URL:
        found.append(Destination(kind="url", address=settings.AUDIT_URL))
    return found


def publish_newest(*, at: datetime, is_forced: bool = False) -> list[Attempt]:
    """Send the newest head to every place that has not got it and whose time has come.

    is_forced: somebody asked for it, so that no place is given time.
    """
    head = Head.objects.order_by("-number").first()
    if head is None:
        return []
    attempts = []
    for destination in list_destinations():
        state, _is_new = Publication.objects.using(OWNER).get_or_create(destination=destination.name)
        is_due = is_forced or state.due_at is None or state.due_at <= at
        if is_due and (is_forced or state.number != head.number):
            attempts.append(_attempt(destination, state, head, at))
    return attempts


def _attempt(destination: Destination, state: Publication, head: Head, at: datetime) -> Attempt:
    problem = ""
    try:
        _DELIVER[destination.kind](destination.address, head)
    except NotTaken as refusal:
        problem = str(refusal)
    state.tried_at = at
    state.problem = problem
    if problem:
        state.failure_count += 1
        state.due_at = at + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(state.failure_count - 1, 20))
    else:
        state.number, state.delivered_at, state.failure_count = head.number, at, 0
        state.due_at = at + destination.pause
    with transaction.atomic(using=OWNER):
        state.save(using=OWNER)
    return Attempt(destination=destination, number=head.number, problem=problem)


def _mail(address: str, head: Head) -> None:
    statement = head.statement
    text = MAIL_TEXT.format(
        number=head.number,
        size=head.size,
        sealed_at=f"{head.sealed_at:%Y-%m-%d %H:%M:%S}",
        key=keys.public_key(),
        statement=statement,
    )
    content = head_json(statement, bytes(head.signature)).encode()
    try:
        mail.send(
            to=[address],
            subject=f"知客操作历史树头 {head.number} / Zhike history head {head.number}",
            text=text,
            attachments=[(f"zhike-head-{head.number}.json", content, JSON)],
        )
    except mail.MailNotSent as problem:
        raise NotTaken(str(problem)) from problem


def _post(address: str, head: Head) -> None:
    headers = {"Content-Type": JSON, "User-Agent": "Zhike"}
    try:
        if settings.AUDIT_URL_TOKEN_FILE:
            token = Path(settings.AUDIT_URL_TOKEN_FILE).read_text(encoding="utf-8").strip()
            headers["Authorization"] = f"Bearer {token}"
        with outgoing_session(most_seconds=MOST_SECONDS) as session:
            response = session.post(
                address,
                data=head_json(head.statement, bytes(head.signature)).encode(),
                headers=headers,
                allow_redirects=False,
            )
    except (RequestException, OSError) as problem:
        raise NotTaken(f"{type(problem).__name__}: {problem}"[: mail.LONGEST_PROBLEM]) from problem
    if not 200 <= response.status_code < 300:
        raise NotTaken(f"HTTP {response.status_code}")


_DELIVER = {"mail": _mail, "url": _post}
