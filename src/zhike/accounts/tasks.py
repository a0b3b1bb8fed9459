"""What has to be done about accounts from time to time."""

from datetime import timedelta

from django.utils.timezone import now
from procrastinate.contrib.django import app

from zhike.accounts.idempotency import KEPT
from zhike.accounts.models import IdempotentRequest, LogInAttempts
from zhike.accounts.services.log_in import WINDOW


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="accounts.forget_requests", pass_context=False)
def forget_requests(timestamp: int) -> None:
    """Delete what is only kept for a while: answers to keyed requests and counted attempts to log in."""
    IdempotentRequest.objects.filter(created_at__lt=now() - KEPT).delete()
    LogInAttempts.objects.filter(since__lt=now() - WINDOW - timedelta(hours=1)).delete()
