import json
import os
from pathlib import Path

import pytest

from zhike.ui import assets

FRONT_END = Path(__file__).parents[4] / "frontend"


def write_manifest(folder: Path, entries: dict[str, object]) -> None:
    (folder / "manifest.json").write_text(json.dumps(entries))


def test_an_entry_names_its_hashed_file_and_styles(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"src/main.ts": {"file": "assets/main-1.js", "css": ["assets/main-2.css"]}})
    entry = assets.entry("src/main.ts", built=tmp_path)
    assert entry.file == "ui/assets/main-1.js"
    assert entry.styles == ("ui/assets/main-2.css",)


def test_a_new_build_is_seen_without_a_restart(tmp_path: Path) -> None:
    write_manifest(tmp_path, {"src/main.ts": {"file": "assets/main-1.js"}})
    assert assets.entry("src/main.ts", built=tmp_path).file == "ui/assets/main-1.js"
    write_manifest(tmp_path, {"src/main.ts": {"file": "assets/main-9.js"}})
    os.utime(tmp_path / "manifest.json", ns=(1, 1))
    assert assets.entry("src/main.ts", built=tmp_path).file == "ui/assets/main-9.js"


def test_a_missing_build_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(assets.FrontEndNotBuilt, match="npm run build"):
        assets.entry("src/main.ts", built=tmp_path)


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((FRONT_END / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_a_first_load_stays_small() -> None:
    """The shell's own files, as browsers fetch them; charts come on top only where shown."""
    main = assets.entry("src/main.ts")
    files = [main.file, *main.styles, assets.entry("icons.svg").file]
    size = sum((assets.BUILT.parent / f"{file}.br").stat().st_size for file in files)
    assert size < 100_000
