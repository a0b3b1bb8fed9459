"""Translations of every app, without GNU gettext.

compile: write the .mo file beside each .po file
update:  bring each app's .po file in step with its sources (new strings empty, unused ones dropped)
check:   every string is translated, keeps its placeholders, and no text stands in a template untranslated
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import django.conf
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

SOURCES = Path(__file__).resolve().parent.parent / "src" / "zhike"
LANGUAGE = "zh_Hans"
NOT_FOR_USERS = "style_guide"

SINGULAR = {"gettext": 0, "gettext_lazy": 0, "gettext_noop": 0, "_": 0, "pgettext": 1, "pgettext_lazy": 1}
PLURAL = {"ngettext": 0, "ngettext_lazy": 0, "npgettext": 1, "npgettext_lazy": 1}
LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
CALL = re.compile(rf"\b({'|'.join([*SINGULAR, *PLURAL])})\(\s*({LITERAL}(?:\s*,\s*{LITERAL})*)")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")
HAN = re.compile(r"[\u4e00-\u9fff]")
WORD = re.compile(r"[^\W\d_]{2,}")
KEYS = re.compile(r"\b(Esc|Ctrl|Enter|Shift|Tab)\b")
TEMPLATE_TAG = re.compile(
    r"\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}"
    r"|\{%\s*comment\b.*?\{%\s*endcomment\s*%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Use:
    """A string that the sources ask to be translated."""

    text: str
    plural: str | None
    context: str | None
    path: Path
    line: int

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.text

    @property
    def id(self) -> str | tuple[str, str]:
        return self.text if self.plural is None else (self.text, self.plural)


def apps() -> list[Path]:
    """The folders of the apps."""
    return sorted(path.parent for path in SOURCES.glob("*/__init__.py"))


def catalogue_path(app: Path) -> Path:
    return app / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def read_catalogue(app: Path) -> Catalog:
    """The app's translations; an empty catalogue if it has none."""
    path = catalogue_path(app)
    if not path.exists():
        return Catalog(locale=LANGUAGE, domain="django")
    with path.open("rb") as source:
        return read_po(source, locale=LANGUAGE, domain="django")


def uses(app: Path) -> Iterator[Use]:
    """Every translatable string of the app's Python and templates."""
    for path in sorted(app.rglob("*.py")):
        if "tests" not in path.relative_to(app).parts:
            yield from python_uses(path)
    for path in template_paths(app):
        source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        for found in CALL.finditer(source):
            literals = [ast.literal_eval(part) for part in re.findall(LITERAL, found[2])]
            use = as_use(found[1], literals, path, source.count("\n", 0, found.start()) + 1)
            if use:
                yield use


def python_uses(path: Path) -> Iterator[Use]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name: str = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        literals = [
            argument.value
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        use = as_use(name, literals, path, node.lineno)
        if use:
            yield use


def as_use(name: str, literals: list[str], path: Path, line: int) -> Use | None:
    """The string that a call to one of gettext's functions names, if it names one."""
    with_plural = name in PLURAL
    start = PLURAL.get(name, SINGULAR.get(name, -1))
    if start < 0 or len(literals) < start + 1 + with_plural:
        return None
    return Use(
        text=literals[start],
        plural=literals[start + 1] if with_plural else None,
        context=literals[0] if start else None,
        path=path,
        line=line,
    )


def template_paths(app: Path) -> list[Path]:
    return sorted(path for path in app.glob("templates/**/*") if path.suffix in {".html", ".txt"})


def compile_all() -> list[str]:
    for app in apps():
        path = catalogue_path(app)
        if path.exists():
            with path.with_suffix(".mo").open("wb") as target:
                write_mo(target, read_catalogue(app))
    return []


def update_all() -> list[str]:
    for app in apps():
        found = list(uses(app))
        old = read_catalogue(app)
        wanted = {use.key: use for use in found}
        if set(wanted) == {(message.context, first_id(message)) for message in old if message.id}:
            continue
        new = Catalog(locale=LANGUAGE, domain="django", fuzzy=False)
        for key, use in wanted.items():
            known = old.get(use.text, context=use.context)
            new.add(use.id, known.string if known else None, context=key[0])
        path = catalogue_path(app)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            # Sorted and without line numbers: a moved line is no change, and two branches rarely collide.
            write_po(target, new, width=120, no_location=True, omit_header=False, sort_output=True)
    return []


def check_all() -> list[str]:
    problems: list[str] = []
    translated: dict[tuple[str | None, str], Message] = {}
    for app in apps():
        for message in read_catalogue(app):
            if message.id:
                problems += message_problems(app, message, translated)
    used = set()
    for app in apps():
        for use in uses(app):
            used.add(use.key)
            place = f"{use.path.relative_to(SOURCES)}:{use.line}"
            if HAN.search(use.text):
                problems.append(f"{place}: message ids are English: {use.text!r}")
            elif use.key not in translated:
                problems.append(f"{place}: no translation of {use.text!r}")
        for path in template_paths(app):
            problems += untranslated_text(path)
    problems += [f"unused translation, run scripts/messages.py update: {key[1]!r}" for key in translated.keys() - used]
    return problems


def message_problems(app: Path, message: Message, translated: dict[tuple[str | None, str], Message]) -> Iterator[str]:
    """What is wrong with a translation by itself, or beside the same string in another app."""
    key = (message.context or None, first_id(message))
    strings = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    before = translated.setdefault(key, message)
    if message.fuzzy or not all(strings):
        yield f"{app.name}: not translated: {key[1]!r}"
        return
    wanted = set(PLACEHOLDER.findall(ids[-1]))
    if any(set(PLACEHOLDER.findall(string)) - wanted for string in strings):
        yield f"{app.name}: other placeholders than {sorted(wanted)}: {key[1]!r}"
    if before.string != message.string:
        yield f"{app.name}: translated otherwise elsewhere ({before.string!r}): {key[1]!r} {message.string!r}"


def first_id(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


class _Words(HTMLParser):
    """Words that a page shows as they stand in the template, outside elements marked translate="no"."""

    SILENT = frozenset({"script", "style", "svg", "code", "kbd", "samp"})
    SHOWN = frozenset({"title", "placeholder", "alt", "aria-label"})
    VOID = frozenset({"input", "br", "hr", "img", "meta", "link", "source", "wbr", "col"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        silent = tag in self.SILENT or ("translate", "no") in attrs
        if not silent:
            for name, value in attrs:
                if name in self.SHOWN:
                    self._note(value or "")
        if tag not in self.VOID:
            self._open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        for place in reversed(range(len(self._open))):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        if not any(silent for _, silent in self._open):
            self._note(data)

    def _note(self, text: str) -> None:
        if WORD.search(KEYS.sub("", text)):
            self.found.append((self.getpos()[0], " ".join(text.split())))


def untranslated_text(path: Path) -> Iterator[str]:
    """Words of an HTML template that are shown without passing a translation tag."""
    if path.suffix != ".html" or path.name.startswith(NOT_FOR_USERS):
        return
    parser = _Words()
    # Line breaks stay, so that line numbers hold.
    text = TEMPLATE_TAG.sub(lambda tag: "\n" * tag[0].count("\n"), path.read_text(encoding="utf-8"))
    parser.feed(text)
    for line, words in parser.found:
        yield f"{path.relative_to(SOURCES)}:{line}: text outside translation tags: {words!r}"


COMMANDS: dict[str, Callable[[], list[str]]] = {"compile": compile_all, "update": update_all, "check": check_all}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: messages.py {{{'|'.join(COMMANDS)}}}\n\n{__doc__}")
    django.conf.settings.configure(USE_I18N=True)
    found_problems = COMMANDS[sys.argv[1]]()
    print("\n".join(found_problems), end="\n" if found_problems else "")  # noqa: T201
    sys.exit(1 if found_problems else 0)
