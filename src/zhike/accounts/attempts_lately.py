"""What the history says about attempts to come in as somebody."""

from datetime import datetime, timedelta
from itertools import takewhile

from zhike.audit.selectors.events import list_recent_actions

LATELY = timedelta(hours=1)


def failures_of(*, user_id: int, at: datetime) -> int:
    """How often log-in was refused within the hour, since the person last came in, at whatever address."""
    actions = list_recent_actions(subject="accounts_user", subject_id=user_id, since=at - LATELY)
    since = takewhile(lambda action: action != "accounts.log_in", actions)
    return sum(action == "accounts.log_in_refused" for action in since)
