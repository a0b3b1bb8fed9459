"""Finding a free TCP port."""

import errno
import socket

from zhike.runtime.problems import EnvironmentProblem

ATTEMPTS = 100


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now.

    :raises EnvironmentProblem: if the reason it cannot is not that the port is taken
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise EnvironmentProblem(
                zh=f"无法监听 {host}:{port}：{error.strerror}",
                en=f"Cannot listen on {host}:{port}: {error.strerror}",
            ) from error
    return True


def next_free(host: str, port: int) -> int:
    """The port itself if it is free, else the next one that is."""
    for candidate in range(port, min(port + ATTEMPTS, 65536)):
        if is_free(host, candidate):
            return candidate
    raise EnvironmentProblem(
        zh=f"{host} 上从 {port} 起没有空闲端口，请用 --port 指定其他端口。",
        en=f"No port of {host} is free from {port} on; choose another with --port.",
    )


def any_free(host: str) -> int:
    """Some port that is free now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
