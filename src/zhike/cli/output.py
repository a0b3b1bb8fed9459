"""What commands say, to people and to programs."""

import json
import sys
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

import click

from zhike.runtime.problems import EnvironmentProblem


class Exit(IntEnum):
    """What the exit code of a command means."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    ENVIRONMENT = 4


def json_option[F: Callable[..., Any]](command: F) -> F:
    """Give the command `--json`, passed on as `as_json`."""
    text = "以 JSON 输出 / Report as JSON"
    return click.option("--json", "as_json", is_flag=True, help=text)(command)


def report(result: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Print the result as one JSON object, or as the text."""
    click.echo(json.dumps(result, ensure_ascii=False, default=str) if as_json else text)


def report_problem(problem: EnvironmentProblem) -> None:
    """Say what the machine lacks: on stderr, and as JSON on stdout for a program that asked for JSON."""
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": {"zh": problem.zh, "en": problem.en}}, ensure_ascii=False))
    click.echo(str(problem), err=True)
