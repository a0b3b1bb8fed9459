"""Domain events: published inside a transaction, delivered by durable tasks queued in the same one."""

import dataclasses
from collections import defaultdict
from typing import Any, Protocol

from django.db import transaction


class Deferrable(Protocol):
    """A Procrastinate task, as far as events need one."""

    def defer(self, **arguments: Any) -> int: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """Base of the frozen, keyword-only dataclasses in each app's `events.py`; JSON-ready fields only."""


_subscriptions: dict[type[Event], list[Deferrable]] = defaultdict(list)


def subscribe(event: type[Event], task: Deferrable) -> None:
    """Run the task, with the event's fields as keyword arguments, for every such event."""
    if task not in _subscriptions[event]:
        _subscriptions[event].append(task)


def publish(event: Event) -> None:
    """Queue every subscribed task; they exist exactly if the surrounding transaction commits."""
    tasks = _subscriptions.get(type(event), [])
    if not tasks:
        return
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{type(event).__name__} published outside a transaction")
    arguments = {item.name: getattr(event, item.name) for item in dataclasses.fields(event)}
    for task in tasks:
        task.defer(**arguments)
