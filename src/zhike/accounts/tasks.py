"""What has to be done about accounts from time to time."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils.timezone import now
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhike.accounts import notices
from zhike.accounts.kept import ANSWERS_KEPT, NOTICES_KEPT
from zhike.accounts.models import IdempotentRequest, LogInAttempts, Notice
from zhike.accounts.notice_words import mail_of
from zhike.accounts.services.attempts import WINDOW
from zhike.core import mail


@app.periodic(cron="23 * * * *")
@app.task(name="accounts.forget", queueing_lock="accounts.forget")
def forget(timestamp: int) -> None:
    """Delete what is only kept for a while: answers to keyed requests, counted attempts to log in, ended sessions."""
    IdempotentRequest.objects.filter(created_at__lt=now() - ANSWERS_KEPT).delete()
    SessionStore.clear_expired()
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(alive)).delete()
    Notice.objects.filter(created_at__lt=now() - NOTICES_KEPT).delete()
    LogInAttempts.objects.filter(since__lt=now() - WINDOW - timedelta(hours=1)).delete()


@app.periodic(cron="11 1 * * *")
@app.task(name="accounts.remind_of_keys", queueing_lock="accounts.remind_of_keys")
def remind_of_keys(timestamp: int) -> None:
    """Tell people of keys that end soon."""
    notices.remind_of_keys(at=now())


# After 4, 16, 64 … seconds; the last time after about five hours. In Zhike the notice stands from the beginning.
@app.task(
    name="accounts.mail_notice",
    retry=RetryStrategy(max_attempts=7, exponential_wait=4, retry_exceptions={mail.MailNotSent}),
)
def mail_notice(*, notice_id: int) -> None:
    """Mail a notice to the person, once; or where it is about their address, to the one before."""
    notice = Notice.objects.select_related("user").filter(pk=notice_id, mailed_at=None).first()
    if notice is None:
        return
    subject, text = mail_of(notice, notice.user)
    mail.send(to=[notice.details.get("to") or notice.user.email], subject=subject, text=text)
    Notice.objects.filter(pk=notice_id).update(mailed_at=now())
