"""How the embedded PostgreSQL is configured for the machine it runs on."""

import shutil
from pathlib import Path

import psutil

MEGABYTE = 1 << 20
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
PARALLEL_QUERY_NEEDS = 512 * MEGABYTE


def render(*, port: int, durable: bool) -> str:
    """The configuration file; `durable=False` trades safety after a crash for speed (test databases)."""
    memory = psutil.virtual_memory().total // MEGABYTE
    settings: dict[str, str | int | float] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 60,
        # Modest, for the page cache of the system does the rest; but a change of many customers goes through twenty
        # indexes, and their pages would be written once for every few rows.
        "shared_buffers": f"{max(min(128, memory // 8), min(512, memory // 32))}MB",
        "effective_cache_size": f"{memory // 2}MB",
        "work_mem": f"{max(4, min(32, memory // 128))}MB",
        "maintenance_work_mem": f"{max(64, min(512, memory // 16))}MB",
        # One bulk import should not be a series of checkpoints.
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        # A thirty-second of the shared buffers, as it would be, makes an import write its log 8 kB at a time.
        "wal_buffers": "16MB",
        "random_page_cost": 1.1,
        "jit": "off",
        # Workers pay for imports and refreshes; for the first fifty rows of a list they only cost processor time.
        "parallel_setup_cost": 10_000,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_min_duration_statement": "2s",
        "log_line_prefix": "%m [%p] %u@%d ",
        "password_encryption": "scram-sha-256",
        "dynamic_shared_memory_type": _dynamic_shared_memory(),
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
        # Nobody will replay its log, so little of it is kept.
        settings |= {"max_wal_size": "1GB", "min_wal_size": "32MB", "wal_recycle": "off", "wal_init_zero": "off"}
    return "".join(f"{name} = '{value}'\n" for name, value in settings.items())


def _dynamic_shared_memory() -> str:
    # Containers often get 64 MB of /dev/shm, in which a parallel hash join fails.
    if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).total < PARALLEL_QUERY_NEEDS:
        return "mmap"
    return "posix"
