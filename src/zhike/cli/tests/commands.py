"""`zhike` for tests that run it again and again: a process that has loaded Django forks for each command.

Loading it takes most of the processor time of most commands. From there on nothing differs: every command has a
process of its own, with the environment, the keys and the database address that the instance has at that moment. What
a start does before it has loaded anything is left to `test_processes.py`, which forks nothing.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from zhike.runtime import postgres
from zhike.runtime.home import Home
from zhike.runtime.postgres_roles import APP, OWNER, SUPERUSER

type Stamp = tuple[object, ...]
LONGEST = 300  # seconds
SAYS_WHICH_TEST = "PYTEST_CURRENT_TEST"  # nothing to a command, and another one for each test
READ_BY_SETTINGS = ("django", APP, OWNER, SUPERUSER)  # keys; commands read the others when they use them
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

    def run(self, arguments: list[str], typed: str) -> "subprocess.CompletedProcess[str]":
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with TemporaryDirectory(prefix="zhike-command-") as name:
            folder = Path(name)
            (folder / "typed").write_text(typed, encoding="utf-8")
            self._process.stdin.write(json.dumps([name, arguments]) + "\n")
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
    words = list(map(str, arguments))
    environment = {name: value for name, value in environment.items() if name != SAYS_WHICH_TEST}
    home = Home(path=Path(environment["ZHIKE_HOME"]))
    if "DATABASE_URL" not in environment and not postgres.status(home).running:
        # It would have to start the database before it may load Django.
        return subprocess.run(
            [sys.executable, "-m", "zhike.cli", *words],
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    loaded = _waiting.pop(_stamp(home, environment), None) or Loaded(environment)
    _waiting[_stamp(home, environment)] = loaded  # last, as the one used last; loading makes the keys that lack
    while len(_waiting) > MOST:
        _waiting.pop(next(iter(_waiting))).end()
    return loaded.run(words, typed)


def _stamp(home: Home, environment: Mapping[str, str]) -> Stamp:
    """Whatever settings are made of."""
    files = [home.run_dir / "postgres.json", *(home.secrets_dir / name for name in READ_BY_SETTINGS)]
    return (*sorted(environment.items()), *((file.name, file.read_bytes()) for file in files if file.is_file()))


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
        folder, arguments = json.loads(line)
        if child := os.fork():
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            _say(str(code))
        else:
            signal.alarm(LONGEST)
            _become(Path(folder))
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


if __name__ == "__main__":
    _serve()
