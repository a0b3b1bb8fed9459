"""What has to be done about accounts from time to time."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils.timezone import now
from procrastinate.contrib.django import app

from zhike.accounts.idempotency import KEPT
from zhike.accounts.models import IdempotentRequest, LogInAttempts
from zhike.accounts.services.attempts import WINDOW


@app.periodic(cron="23 * * * *")
@app.task(name="accounts.forget", queueing_lock="accounts.forget")
def forget(timestamp: int) -> None:
    """Delete what is only kept for a while: answers to keyed requests, counted attempts to log in, ended sessions."""
    IdempotentRequest.objects.filter(created_at__lt=now() - KEPT).delete()
    SessionStore.clear_expired()
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(alive)).delete()
    LogInAttempts.objects.filter(since__lt=now() - WINDOW - timedelta(hours=1)).delete()
