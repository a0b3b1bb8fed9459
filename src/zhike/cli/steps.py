"""Commands that another command runs one after the other, in a process that loads Django once for all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any, Self, cast


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command that ran, and what it said in JSON, or to people where it said none."""

    command: str
    code: int
    said: Any


class Steps:
    """A process of its own that runs the commands: ours may have looked at the database as it was before."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def run(self, *command: str) -> Step:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "zhike.cli.steps"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        told, answers = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)
        told.write(json.dumps(command) + "\n")
        told.flush()
        code, out, err = json.loads(answers.readline() or '[-1, "", ""]')
        try:
            said = json.loads(out)
        except ValueError:
            said = err.strip()[-2000:]
        return Step(command=" ".join(command), code=code, said=said)


def answer(command: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, output and complaints of the command."""
    from zhike.cli import main

    sys.argv = ["zhike", *command, "--json"]
    code = 0
    # Files, since what a command starts in its turn may write to them as well.
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as err:
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main.main(prog_name="zhike")
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
        told = []
        for file in (out, err):
            file.seek(0)
            told.append(file.read())
    if "django.db" in sys.modules:
        from django.db import connections

        connections.close_all()
    return code, told[0], told[1]


def serve() -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
