"""The pages of the product do not pay for the libraries that only an import needs."""

import subprocess
import sys

HEAVY = ["polars", "pyarrow", "fastexcel", "xlsxwriter", "phonenumbers", "stdnum", "pypinyin", "numpy"]
SCRIPT = """
import sys
from django.conf import settings
settings.configure()
import zhike.core.text.columns, zhike.core.text.grams, zhike.core.text.pinyin
import zhike.exchange.conversion, zhike.exchange.files, zhike.exchange.recognition
print(*(name for name in %r if name in sys.modules))
"""


def test_reading_names_and_opening_files_is_possible_without_heavy_libraries() -> None:
    loaded = subprocess.run([sys.executable, "-c", SCRIPT % HEAVY], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
