"""For how long that is kept which is only kept for a while."""

from datetime import timedelta

ANSWERS_KEPT = timedelta(hours=24)
NOTICES_KEPT = timedelta(days=180)
