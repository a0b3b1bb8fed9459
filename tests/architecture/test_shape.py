"""Small files, small functions, telling names, and nothing left for later."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "zhike"
FILE_LINES = 400
FUNCTION_LINES = 80
EMPTY_NAMES = {"utils", "helpers", "common", "misc", "signals"}
LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# The content security policy would stop these in the browser; better to stop them here.
INLINE = re.compile(
    r"\s(style|on[a-z]+)\s*=\s*[\"']|<style\b|<script(?![^>]*\bsrc=)(?![^>]*\btype=\"application/json\")"
)

PYTHON = sorted(
    path
    for folder in (SOURCES, ROOT / "tests", ROOT / "scripts", ROOT / "benchmarks")
    for path in folder.rglob("*.py")
    if "migrations" not in path.parts
)
TEMPLATES = sorted(SOURCES.glob("*/templates/**/*.html"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_are_short() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in [*PYTHON, *TEMPLATES]}
    assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES} == {}


def test_functions_are_short() -> None:
    long = {}
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long[f"{name(path)}:{node.name}"] = lines
    assert long == {}


def test_modules_have_telling_names() -> None:
    assert [name(path) for path in PYTHON if EMPTY_NAMES & {path.stem, path.parent.name}] == []


def test_nothing_is_left_for_later() -> None:
    here = Path(__file__)
    assert [name(path) for path in PYTHON if path != here and LATER.search(path.read_text(encoding="utf-8"))] == []


def test_templates_hold_no_inline_script_or_style() -> None:
    assert {
        name(path): found[0] for path in TEMPLATES if (found := INLINE.search(path.read_text(encoding="utf-8")))
    } == {}
