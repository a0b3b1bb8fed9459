"""What `zhike doctor` reports, whatever it looked at."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from zhike.cli.output import Exit, report

MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at: `ok`, `warn` or `fail`, what was found, and what to do about it."""

    check: str
    state: str
    found: str
    advice: str = ""


def tell(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print the findings and end the command, as a failure if one of them is."""
    healthy = not any(finding.state == "fail" for finding in findings)
    lines = [f"{MARKS[item.state]} {item.check}: {item.found}" + _indented(item.advice) for item in findings]
    report({"healthy": healthy, "checks": [asdict(item) for item in findings]}, as_json=as_json, text="\n".join(lines))
    sys.exit(Exit.DONE if healthy else Exit.ENVIRONMENT)


def _indented(advice: str) -> str:
    return f"\n    → {advice}" if advice else ""
