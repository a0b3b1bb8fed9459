"""`zhike` for tests that run it again and again: a process that has loaded Django forks for each command.

Loading it takes most of the processor time of most commands. From there on nothing differs: every command has a
process of its own, which makes its settings anew from its environment, the keys and the database address that the
instance has at that moment. What a start does before it has loaded anything is left to `test_processes.py`, which forks
nothing.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

type Stamp = tuple[tuple[str, str], ...]
LONGEST = 300  # seconds
# Where the instance is, which each command finds out for itself, and what is nothing to it but to its tests.
NOT_LOADED = ("ZHIKE_HOME", "DATABASE_", "ZHIKE_TEST_", "ZHIKE_TRIAL_", "DJANGO_ALLOW_")
OF_TESTS = ("PYTEST_", "PLAYWRIGHT_", "_RJEM_")
MOST = 3  # processes that wait for commands

_waiting: dict[Stamp, "Loaded"] = {}


class Loaded:
    """A process that has loaded Django for one environment; it ends with whoever started it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "loaded\n"

    def run(
        self, arguments: list[str], environment: Mapping[str, str], typed: str
    ) -> "subprocess.CompletedProcess[str]":
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with TemporaryDirectory(prefix="zhike-command-") as name:
            folder = Path(name)
            (folder / "typed").write_text(typed, encoding="utf-8")
            self._process.stdin.write(json.dumps([name, arguments, dict(environment)]) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            said, complained = ((folder / kind).read_text(encoding="utf-8") for kind in ("said", "complained"))
        return subprocess.CompletedProcess(["zhike", *arguments], code, said, complained)

    def end(self) -> None:
        self._process.communicate()


def run_zhike(
    *arguments: str | Path, environment: Mapping[str, str], typed: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end, as `subprocess.run` does."""
    environment = {name: value for name, value in environment.items() if not name.startswith(OF_TESTS)}
    stamp = tuple(sorted((name, value) for name, value in environment.items() if not name.startswith(NOT_LOADED)))
    loaded = _waiting.pop(stamp, None) or Loaded(environment)
    _waiting[stamp] = loaded  # last, as the one used last
    while len(_waiting) > MOST:
        _waiting.pop(next(iter(_waiting))).end()
    return loaded.run(list(map(str, arguments)), environment, typed)


def _serve() -> None:
    from importlib import import_module

    from zhike import cli
    from zhike.cli import instance

    instance.load_django()
    for module, _help in cli.COMMANDS.values():
        import_module(f"zhike.cli.{module}")
    from django.conf import settings

    for tasks in settings.PROCRASTINATE_IMPORT_PATHS:
        import_module(tasks)
    _say("loaded")
    for line in sys.stdin:
        folder, arguments, environment = json.loads(line)
        if child := os.fork():
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            _say(str(code))
        else:
            signal.alarm(LONGEST)
            _become(Path(folder))
            os.environ.clear()
            os.environ.update(environment)
            _forget_settings()
            sys.argv = ["zhike", *arguments]
            cli.main(prog_name="zhike")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _become(folder: Path) -> None:
    """Read what was typed, and write where the answer is looked for."""
    for handle, name, flags in (
        (0, "typed", os.O_RDONLY),
        (1, "said", os.O_WRONLY | os.O_CREAT),
        (2, "complained", os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(folder / name, flags, 0o600), handle)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the old one has read ahead


def _forget_settings() -> None:
    """Whoever asks for a setting next has all of them made anew, of the instance that this process is for."""
    from django.conf import settings
    from django.db import connections
    from django.utils.functional import empty

    del sys.modules[os.environ.get("DJANGO_SETTINGS_MODULE", "zhike.config.settings")]
    settings._wrapped = empty
    handler: Any = connections
    for one in handler.all(initialized_only=True):
        assert one.connection is None
        del handler[one.alias]
    handler._settings = None
    del handler.settings


if __name__ == "__main__":
    _serve()
