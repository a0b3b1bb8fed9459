"""How much a client may hold of the server."""

from dataclasses import dataclass

KILOBYTE, MEGABYTE, GIGABYTE = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds. A request is half sent from its first byte until the last has come."""

    threads: int = 4
    connections: int = 800
    connections_of_one: int = 200
    half_sent: int = 400
    half_sent_of_one: int = 60
    large_bodies: int = 12
    large_bodies_of_one: int = 6

    head_bytes: int = 32 * KILOBYTE
    head_seconds: float = 15
    idle_seconds: int = 60
    body_seconds: float = 6 * 3600
    # Whoever sends a body, or takes an answer, moves this much in each such stretch of time or is cut off.
    stretch: float = 20
    least_bytes: int = 20 * KILOBYTE

    # What anybody may send; more is for those of whom the application says so.
    small_body: int = 6 * MEGABYTE
    # Of a body that is too large so much is kept, which tells what it is; the rest is read and thrown away, because
    # a browser shows no answer to a request that it could not send whole.
    kept_of_too_large: int = 64 * KILOBYTE
    thrown_away: int = 64 * MEGABYTE
    # For so long the body of a request that is refused is still read: its client hears nothing before.
    linger_seconds: float = 2
    in_memory: int = 64 * KILOBYTE
    free_disk: int = GIGABYTE

    # Of an answer that is longer than it takes a client to read it.
    answer_in_memory: int = MEGABYTE
    answer_on_disk: int = 2 * GIGABYTE
    drain_seconds: float = 60

    tick: float = 1
    stop_seconds: int = 5
