"""What makes the figures stale."""

from zhike.commerce.events import OrdersChanged
from zhike.core.events import subscribe
from zhike.exchange.events import ImportApplied, ImportUndone
from zhike.insight import tasks


def subscribe_all() -> None:
    """Called once when the app is ready."""
    subscribe(ImportApplied, tasks.refresh)
    subscribe(ImportUndone, tasks.refresh)
    subscribe(OrdersChanged, tasks.refresh_orders)
