"""The check of translations finds what it is for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "messages.py"
PYTHON = """
from django.utils.translation import gettext as _, ngettext, pgettext

def speak(count: int) -> list[str]:
    return [_("Claim"), pgettext("verb", "Order"), ngettext("%(count)s customer", "%(count)s customers", count)]
"""
TEMPLATE = """{% load i18n %}
<h1 title="{% translate "Pool" %}">{% blocktranslate with name=owner.name %}Hello {{ name }}{% endblocktranslate %}</h1>
<kbd>Ctrl</kbd> <b translate="no">English</b> {# a comment #}
"""
PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"

msgid "Claim"
msgstr "领取"

msgctxt "verb"
msgid "Order"
msgstr "下单"

#, python-format
msgid "%(count)s customer"
msgid_plural "%(count)s customers"
msgstr[0] "%(count)s 位客户"

msgid "Pool"
msgstr "公海"

#, python-format
msgid "Hello %(name)s"
msgstr "%(name)s，您好"
"""


class House:
    """A house with one room, as far as translations go."""

    def __init__(self, root: Path) -> None:
        self.app = root / "src" / "zhike" / "sales"
        self.script = root / "scripts" / "messages.py"
        self.po = self.app / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
        self.template = self.app / "templates" / "sales" / "page.html"
        self.python = self.app / "speech.py"
        for path, text in ((self.python, PYTHON), (self.template, TEMPLATE), (self.po, PO)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (self.app / "__init__.py").touch()
        self.script.parent.mkdir()
        shutil.copy(SCRIPT, self.script)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, self.script, command], capture_output=True, text=True, check=False)

    def problems(self) -> str:
        return self.run("check").stdout


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_complete_translation_passes(house: House) -> None:
    assert house.run("check").returncode == 0, house.problems()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('msgstr "领取"', 'msgstr ""', "sales: not translated: 'Claim'"),
        ('msgid "Claim"', 'msgid "Release"', "sales/speech.py:5: no translation of 'Claim'"),
        ('msgid "Claim"', 'msgid "Release"', "unused translation"),
        ('"%(name)s，您好"', '"%(nmae)s，您好"', "other placeholders than ['%(name)s']"),
    ],
)
def test_what_a_catalogue_lacks_is_named(house: House, old: str, new: str, complaint: str) -> None:
    house.po.write_text(PO.replace(old, new), encoding="utf-8")
    assert complaint in house.problems()


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>Good morning</p>", "Good morning"),
        ("<p>早上好</p>", "早上好"),
        ('<input placeholder="Search here">', "Search here"),
        ('<a aria-label="{{ name }} profile"></a>', "profile"),
    ],
)
def test_text_that_passes_no_translation_is_named_with_its_line(house: House, markup: str, words: str) -> None:
    house.template.write_text(TEMPLATE + markup, encoding="utf-8")
    assert f"sales/templates/sales/page.html:4: text outside translation tags: {words!r}" in house.problems()


def test_message_ids_are_english(house: House) -> None:
    house.python.write_text(PYTHON.replace('_("Claim")', '_("领取")'), encoding="utf-8")
    assert "sales/speech.py:5: message ids are English: '领取'" in house.problems()


def test_update_keeps_what_is_translated_adds_what_is_new_and_drops_what_is_gone(house: House) -> None:
    house.python.write_text(PYTHON.replace('_("Claim")', '_("Release")'), encoding="utf-8")
    assert house.run("update").returncode == 0
    assert house.problems().splitlines() == ["sales: not translated: 'Release'"]
    assert "领取" not in house.po.read_text(encoding="utf-8")
    assert "%(count)s 位客户" in house.po.read_text(encoding="utf-8")


def test_compiled_translations_are_readable(house: House) -> None:
    import gettext

    assert house.run("compile").returncode == 0
    with house.po.with_suffix(".mo").open("rb") as compiled:
        translations = gettext.GNUTranslations(compiled)
    assert translations.gettext("Claim") == "领取"
    assert translations.pgettext("verb", "Order") == "下单"
    assert translations.ngettext("%(count)s customer", "%(count)s customers", 2) == "%(count)s 位客户"
