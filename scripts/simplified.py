"""Write src/zhike/core/text/simplified.txt, the table by which search takes traditional and simplified characters for
the same, from OpenCC.

The product reads the table instead of OpenCC: names are short and compared character by character, so what OpenCC knows
about phrases is of no use, and a table goes over a million names in a second.
"""

import unicodedata
from collections import defaultdict
from pathlib import Path

from opencc import OpenCC

TARGET = Path(__file__).resolve().parent.parent / "src" / "zhike" / "core" / "text" / "simplified.txt"
HAN = (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0x20000, 0x32000))


def main() -> None:
    to_simplified = OpenCC("t2s").convert
    by_simplified: defaultdict[str, list[str]] = defaultdict(list)
    for code in HAN:
        character = chr(code)
        simplified = to_simplified(character)
        if simplified != character and len(simplified) == 1 and unicodedata.category(simplified) == "Lo":
            by_simplified[simplified].append(character)
    lines = [f"{simplified}\t{''.join(found)}" for simplified, found in sorted(by_simplified.items())]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
