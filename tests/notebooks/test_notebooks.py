"""The worked notebooks of docs/notebooks run from top to bottom, with published data and without any.

Their cells run in this process: a kernel takes two to three seconds before the first cell, opens ports, and does not
turn warnings into errors.
"""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "docs" / "notebooks").glob("*.ipynb"))
# The others would run the same cells once more.
READING = [path for path in NOTEBOOKS if "ZHIKE_TRIAL_DATA" in path.read_text(encoding="utf-8")]


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def run(path: Path) -> dict[str, Any]:
    """Every cell in turn; what its last line tells is asked for its looks, as the page would."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells(path), 1):
        if cell["cell_type"] != "code":
            continue
        body = ast.parse("".join(cell["source"])).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        place = f"{path.name}[{number}]"
        exec(compile(ast.Module(body, []), place, "exec"), names)  # noqa: S102
        if isinstance(last, ast.Expr):
            told = eval(compile(ast.Expression(last.value), place, "eval"), names)  # noqa: S307
            getattr(told, "_repr_html_", told.__repr__)()
    return names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_without_any_data(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIKE_TRIAL_DATA", raising=False)
    monkeypatch.chdir(path.parent)
    assert run(path)["SOURCE"] == "simulated"


@pytest.mark.parametrize("path", READING, ids=lambda path: path.stem)
def test_it_runs_with_published_data(path: Path, trial_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIKE_TRIAL_DATA", str(trial_data))
    monkeypatch.chdir(path.parent)
    assert run(path)["SOURCE"] == "published"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_what_a_run_left_and_told_in_both_languages(path: Path) -> None:
    assert [cell for cell in cells(path) if cell.get("outputs") or cell.get("execution_count")] == []
    title = "".join(cells(path)[0]["source"])
    assert title.startswith("# ")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in title.splitlines()[0])
