"""The checklist docs/security/asvs.md names every requirement of levels 1 and 2, and no test that is not there."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKLIST = ROOT / "docs" / "security" / "asvs.md"
HOME_OF_TESTS = ROOT / "src" / "zhike" / "accounts" / "tests"
# OWASP ASVS 5.0.0: the section, and the level of each of its requirements, one digit each.
LEVELS = """
1.1 22  1.2 1111122223  1.3 112222222223  1.4 222  1.5 123
2.1 122  2.2 112  2.3 12223  2.4 23
3.1 3  3.2 113  3.3 12223  3.4 11222233  3.5 11122333  3.6 3  3.7 22333
4.1 12233  4.2 23333  4.3 22  4.4 1222
5.1 2  5.2 112333  5.3 113  5.4 222
6.1 122  6.2 111111112222  6.3 11223333  6.4 112233  6.5 22222333  6.6 2223  6.7 33  6.8 2222
7.1 222  7.2 1111  7.3 22  7.4 11222  7.5 223  7.6 22
8.1 1233  8.2 1123  8.3 133  8.4 23
9.1 111  9.2 1222
10.1 22  10.2 223  10.3 22223  10.4 1111122222233333  10.5 22222  10.6 22  10.7 222
11.1 2233  11.2 22233  11.3 11233  11.4 1222  11.5 23  11.6 23  11.7 33
12.1 12233  12.2 11  12.3 22223
13.1 2333  13.2 222223  13.3 2233  13.4 1222233
14.1 22  14.2 12223333  14.3 122
15.1 12233  15.2 12233  15.3 1222222  15.4 3333
16.1 2  16.2 22222  16.3 2222  16.4 222  16.5 2223
17.1 23  17.2 22223333  17.3 22
"""
STATES = {"met", "partly", "not met", "does not apply"}
ROW = re.compile(
    r"^\| (?P<number>\d+\.\d+\.\d+) \| (?P<level>\d) \| (?P<text>[^|]+) \| (?P<state>[^|]+) \| (?P<by>.+) \|$"
)
NAMED = re.compile(r"`(?P<file>[\w/.]*test_\w+\.py|…)?(?:::(?P<test>\w+))?`")


def levels() -> dict[str, str]:
    told = LEVELS.split()
    pairs = zip(told[::2], told[1::2], strict=True)
    return {f"{section}.{place}": level for section, digits in pairs for place, level in enumerate(digits, 1)}


def rows() -> list[re.Match[str]]:
    lines = CHECKLIST.read_text(encoding="utf-8").splitlines()
    return [row for line in lines if line.startswith("| ") and line[2].isdigit() for row in [ROW.match(line)] if row]


def test_the_list_of_numbers_is_that_of_the_standard() -> None:
    assert Counter(levels().values()) == {"1": 70, "2": 183, "3": 92}


def test_every_requirement_of_levels_1_and_2_has_one_line() -> None:
    found = Counter(row["number"] for row in rows())
    assert {number for number, level in levels().items() if level in "12"} - set(found) == set()
    assert [number for number, times in found.items() if times > 1] == []


def test_every_line_has_its_level_a_known_state_and_something_to_show() -> None:
    wrong = [
        row[0]
        for row in rows()
        if levels().get(row["number"]) != row["level"] or row["state"] not in STATES or len(row["by"]) < 3
    ]
    assert wrong == []


@pytest.fixture(scope="module")
def tests_of() -> dict[Path, set[str]]:
    return {}


def test_every_test_that_is_named_exists(tests_of: dict[Path, set[str]]) -> None:
    missing = []
    for row in rows():
        path = HOME_OF_TESTS
        for named in NAMED.finditer(row["by"]):
            if not named["file"] and not named["test"]:
                continue
            if named["file"] and named["file"] != "…":
                path = (ROOT if "/" in named["file"] else HOME_OF_TESTS) / named["file"]
            if not path.is_file():
                missing.append(f"{row['number']}: {named[0]}")
                continue
            if path not in tests_of:
                tree = ast.parse(path.read_text(encoding="utf-8"))
                tests_of[path] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            if named["test"] and named["test"] not in tests_of[path]:
                missing.append(f"{row['number']}: {named[0]}")
    assert missing == []
