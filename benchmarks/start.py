"""How long an instance takes to answer, and what it holds while nobody asks."""

import time

from harness import Instance, describe_machine, emit, instance, processes_of, pss_mb

SETTLING_SECONDS = 20


def measure(made: Instance) -> None:
    """Emit cold_start_s, idle_mb and warm_start_s. The instance must be new."""
    with made.served() as served:
        emit("cold_start_s", served.start_seconds, "s", note="new home: initdb, migrations, first answer")
        time.sleep(SETTLING_SECONDS)
        emit("idle_mb", pss_mb(processes_of(made, served.pid)), "MB PSS", target="<= 600")
    with made.served() as served:
        emit("warm_start_s", served.start_seconds, "s", target="<= 10")


if __name__ == "__main__":
    describe_machine()
    with instance() as alone:
        measure(alone)
