"""The refused rows of an import as a file like the original, to mend and import again."""

from typing import Any

from django.conf import settings
from django.utils import translation

from zhike.core.masking import id_numbers_within
from zhike.exchange.files.refused import ending, write_refused
from zhike.exchange.reasons import describe
from zhike.exchange.run import Run
from zhike.exchange.staging import open_import

SHOWN = 20


def write(run: Run) -> None:
    """Write the file anew from the staging table `refused`, and keep its first rows; no file where nothing was refused.

    Several rows of the table may speak of one row of the file; the first found is told.
    """
    rows = run.execute('SELECT row, reason, "column", value, expected FROM {refused} ORDER BY row DESC').fetchall()
    run.job.refused_path = ""
    run.job.refused_rows = _first(rows)
    if rows:
        with translation.override(run.actor.locale):
            reasons = {
                row: describe(reason, column=column or "", value=value or "", expected=expected or "")
                for row, reason, column, value, expected in rows
            }
            table = open_import(run.job)
            target = run.job.file.with_name(f"refused{ending(table)}")
            write_refused(table, reasons, target)
        run.job.refused_path = str(target.relative_to(settings.HOME.files_dir))
    run.job.save(update_fields=["refused_path", "refused_rows"])


def _first(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    names = ("row", "reason", "column", "value", "expected")
    by_row = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    kept = [by_row[row] for row in sorted(by_row)[:SHOWN]]
    # These stand in the database and its history, where no identity number belongs.
    return [{**row, "value": id_numbers_within(row["value"] or "")} for row in kept]
