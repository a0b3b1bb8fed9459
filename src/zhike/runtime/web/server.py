"""Runs the web server of an instance until it is told to stop."""

import asyncio
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from uvicorn import Config, Server

from zhike.runtime.web.adapter import Adapter, Application
from zhike.runtime.web.bodies import Allowance, Storage
from zhike.runtime.web.connection import Connection
from zhike.runtime.web.door import Door
from zhike.runtime.web.limits import Limits

DISK_THREADS = 2
# Files that are open beside connections: the database's, those of bodies and answers, the log.
OTHER_FILES = 400


def make_server(
    application: Application,
    *,
    host: str,
    port: int,
    folder: Path,
    allowance: Allowance,
    is_ours: Callable[[str], bool],
    limits: Limits | None = None,
) -> "WebServer":
    """A server for a WSGI application.

    folder: where large bodies and answers lie in between. allowance: how many bytes of a body beyond what anybody may
    send are kept. is_ours: whether an address is that of a proxy of ours.
    """
    limits = _with_files(limits or Limits())
    door = Door(limits, is_ours=is_ours)
    storage = Storage(
        folder=folder,
        threads=ThreadPoolExecutor(limits.threads, thread_name_prefix="web"),
        disk=ThreadPoolExecutor(DISK_THREADS, thread_name_prefix="disk"),
        allowance=allowance,
    )
    adapter: Any = Adapter(application, storage=storage)
    protocol: Any = partial(Connection, door=door)
    config = Config(
        adapter,
        host=host,
        port=port,
        loop="asyncio",
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.stop_seconds,
        h11_max_incomplete_event_size=limits.head_bytes,
    )
    return WebServer(config, door)


class WebServer(Server):
    """uvicorn's, with somebody at the door."""

    def __init__(self, config: Config, door: Door) -> None:
        super().__init__(config)
        self.door = door

    async def main_loop(self) -> None:
        watching = asyncio.create_task(self.door.watch())
        # A request begins at once rather than at the loop's next turn.
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        try:
            await super().main_loop()
        finally:
            watching.cancel()


def _with_files(limits: Limits) -> Limits:
    """As many connections as this process may have files open, having asked for enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return replace(limits, connections=min(limits.connections, max(soft - OTHER_FILES, soft // 2)))
