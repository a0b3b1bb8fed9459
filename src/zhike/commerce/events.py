"""What happened to orders."""

from dataclasses import dataclass

from zhike.core.events import Event


@dataclass(frozen=True, kw_only=True)
class OrdersChanged(Event):
    """Orders went into the recycle bin, came back, or were put back to what they were: figures about them are stale."""

    order_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class OrderCreated(Event):
    """An order, or as a negative one its refund, came in. customer_id: null for an anonymous order."""

    order_id: int
    customer_id: int | None
