"""What both engines said, as a table to read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

PLACE = "ZHIKE_PARITY_REPORT"  # a file that is written anew


@dataclass(frozen=True, kw_only=True)
class Compared:
    """apart: the greatest difference of two answers, of 1 or of their size where that is more."""

    company: str
    measure: str
    row_count: int
    apart: float
    duckdb_seconds: float
    spark_seconds: float


@dataclass
class Report:
    """Of one run of the tests."""

    found: list[Compared] = field(default_factory=list)

    def add(self, compared: Compared) -> None:
        self.found.append(compared)

    def lines(self) -> list[str]:
        head = ["| measure | rows | greatest difference | DuckDB, s | Spark, s |", "|---|---|---|---|---|"]
        told = []
        for company, rows in groupby(self.found, key=lambda each: each.company):
            told += ["", f"### {company.capitalize()}", "", *head]
            told += [
                f"| {row.measure} | {row.row_count:,} | {_shown(row.apart)} | {row.duckdb_seconds:.2f}"
                f" | {row.spark_seconds:.2f} |"
                for row in rows
            ]
        return told

    def write(self) -> None:
        """Into the file that the environment names, if it does."""
        if self.found and os.environ.get(PLACE):
            file = Path(os.environ[PLACE])
            before = file.read_text(encoding="utf-8").partition("\n### ")[0] if file.exists() else "# Parity\n"
            file.write_text(before.rstrip("\n") + "\n" + "\n".join(self.lines()) + "\n", encoding="utf-8")


def _shown(apart: float) -> str:
    return "0" if apart == 0 else f"{apart:.0e}"


report = Report()
