"""Who may import whom."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "zhike"
# These can be used, and understood, without the web framework.
WITHOUT_DJANGO = ("science", "runtime", "engine")


def imports(path: Path) -> Iterator[str]:
    """The full names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def product_files(*packages: str) -> list[Path]:
    """The Python files of the packages (all if none is named), without their tests."""
    roots = [SOURCES / package for package in packages] or [SOURCES]
    files = [path for root in roots for path in root.rglob("*.py")]
    return sorted(path for path in files if "tests" not in path.relative_to(SOURCES).parts)


def test_layers_point_downwards() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("package", WITHOUT_DJANGO)
def test_the_ground_floor_knows_no_django(package: str) -> None:
    guilty = {
        str(path.relative_to(SOURCES))
        for path in product_files(package)
        for name in imports(path)
        if name == "django" or name.startswith("django.")
    }
    assert not guilty


def test_science_is_imported_by_insight_and_measures_only() -> None:
    guilty = {
        str(path.relative_to(SOURCES))
        for path in product_files()
        for name in imports(path)
        if (name == "zhike.science" or name.startswith("zhike.science."))
        and path.relative_to(SOURCES).parts[0] not in {"science", "insight"}
        and path.name != "measures.py"
        and path.parent.name != "measures"
    }
    assert not guilty
