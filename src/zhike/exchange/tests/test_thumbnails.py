"""Small pictures of files: made once, of whatever browsers show, and of nothing that asks for too much."""

import errno
import subprocess
import sys
import zlib
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from PIL import Image

from zhike.exchange.files import thumbnails
from zhike.exchange.files.contents import FORMS, Form, find_form

HALVES = Image.new("RGB", (400, 200), "red")
HALVES.paste("blue", (0, 0, 200, 200))


def written(folder: Path, form: str, **given: Any) -> Path:
    path = folder / f"picture.{form}"
    HALVES.save(path, form, **given)
    return path


def finish() -> None:
    for maker in list(thumbnails._makers):
        maker.join()


def asked(path: Path, form: Form) -> Path | None:
    """What is there once those who make it are done."""
    try:
        return thumbnails.thumbnail_of(path, form)
    except thumbnails.ThumbnailNotMade:
        finish()
        return thumbnails.thumbnail_of(path, form)


def made(path: Path) -> Image.Image:
    small = asked(path, find_form(path, name=path.name))
    assert small is not None
    with Image.open(small) as picture:
        picture.load()
    return picture


@pytest.mark.parametrize("form", ["png", "jpeg", "gif", "webp"])
def test_a_picture_is_made_small_once_and_whole(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, form)
    small = made(path)
    assert (small.format, small.size) == ("WEBP", (thumbnails.EDGE, thumbnails.EDGE // 2))
    left, right = small.convert("RGB").getpixel((20, 60)), small.convert("RGB").getpixel((220, 60))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert (left[2] > 200 > left[0], right[0] > 200 > right[2]) == (True, True)
    kept = thumbnails.place_of(path)
    before = kept.stat().st_mtime_ns
    made(path)
    assert (kept.stat().st_mtime_ns, kept.stat().st_size < 4096) == (before, True)
    thumbnails.remove(path)
    assert not list(tmp_path.iterdir())


def test_it_stands_upright_and_tells_nothing_of_where_it_was_taken(tmp_path: Path) -> None:
    told = Image.Exif()
    told[0x0112], told[0x010E] = 6, "at the customer's home"  # turned by a quarter; a description
    path = written(tmp_path, "jpeg", exif=told, comment=b"secret")
    small = made(path)
    assert small.size == (thumbnails.EDGE // 2, thumbnails.EDGE)
    top = small.convert("RGB").getpixel((60, 20))
    assert isinstance(top, tuple)
    assert top[2] > 200
    content = thumbnails.place_of(path).read_bytes()
    assert (b"home" in path.read_bytes(), b"home" in content, b"EXIF" in content) == (True, False, False)


def bomb(wide: int, high: int) -> bytes:
    """A PNG of so many white pixels, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = wide.to_bytes(4, "big") + high.to_bytes(4, "big")
    rows = zlib.compress(bytes(1 + wide // 8) * min(high, 1000), 9)
    head = chunk(b"IHDR", size + b"\1\0\0\0\0")
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        bomb(60_000, 60_000),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"GIF89a" + b"\xff" * 200,
        b"\xff\xd8\xff\xe0" + b"\0" * 500,
        b"RIFF\x24\0\0\0WEBPVP8 " + b"\xff" * 40,
    ],
)
def test_what_cannot_be_read_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    path = tmp_path / "picture"
    path.write_bytes(content)
    form = find_form(path, name="x")
    assert asked(path, form) is None
    monkeypatch.setattr(thumbnails, "MAKER", tmp_path / "none.py")
    assert (thumbnails.thumbnail_of(path, form), thumbnails.place_of(path).stat().st_size) == (None, 0)


def test_what_is_no_picture_has_none(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7\n")
    assert (thumbnails.thumbnail_of(path, FORMS["pdf"]), len(list(tmp_path.iterdir()))) == (None, 1)


def test_nobody_waits_for_it_and_each_is_in_turn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(7)]
    for path in paths:
        HALVES.save(path)
    held, go = thumbnails._make, Event()

    def holding(*given: Any) -> None:
        go.wait()
        held(*given)

    monkeypatch.setattr(thumbnails, "_make", holding)
    monkeypatch.setattr(thumbnails, "MOST_ASKED", 5)
    for path in [*paths, *paths]:
        with pytest.raises(thumbnails.ThumbnailNotMade):
            thumbnails.thumbnail_of(path, FORMS["png"])
    makers = set(thumbnails._makers)
    assert (len(makers), thumbnails._asked) == (thumbnails.MOST_AT_ONCE, set(paths[:5]))
    go.set()
    for maker in makers:
        maker.join()
    assert [thumbnails.place_of(path).exists() for path in paths] == [True] * 5 + [False] * 2
    assert thumbnails._asked == set()
    made(paths[6])


def test_it_may_be_asked_for_again_where_there_was_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "png")
    with monkeypatch.context() as patched:
        patched.setattr(thumbnails, "LONGEST_S", 0.001)
        with pytest.raises(thumbnails.ThumbnailNotMade):
            asked(path, FORMS["png"])
        finish()
    assert list(tmp_path.iterdir()) == [path]
    made(path)
    with pytest.raises(FileNotFoundError):
        thumbnails.thumbnail_of(tmp_path / "gone.png", FORMS["png"])
    assert {one.name for one in tmp_path.iterdir()} == {"picture.png", "picture.png.small"}


def test_a_disk_that_is_full_is_told_to_who_looks_after_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = written(tmp_path, "png")
    with monkeypatch.context() as patched:
        patched.setattr(thumbnails, "_make", full)
        with pytest.raises(thumbnails.ThumbnailNotMade):
            asked(path, FORMS["png"])
        finish()
    assert "No space left on device" in caplog.text
    made(path)


def test_the_program_opens_no_file_and_writes_no_more_than_allowed(tmp_path: Path) -> None:
    """Whoever breaks into the decoder is in a process that has the picture and nothing else."""
    text = thumbnails.MAKER.read_text(encoding="utf-8")
    spied = tmp_path / "maker.py"
    spy = "    import os; Image.open = lambda *a, **b: os.open(os.devnull, 0)\n"
    place = text.index("    Image.MAX_IMAGE_PIXELS")
    spied.write_text(text[:place] + spy + text[place:], encoding="utf-8")
    with written(tmp_path, "png").open("rb") as picture:
        done = subprocess.run(
            [sys.executable, "-I", str(spied), "PNG", "144"], stdin=picture, capture_output=True, check=False
        )
    assert (done.returncode, b"Too many open files" in done.stderr) == (1, True)


def test_a_library_that_is_missing_says_nothing_of_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, broken = written(tmp_path, "png"), tmp_path / "maker.py"
    text = thumbnails.MAKER.read_text(encoding="utf-8")
    broken.write_text(text.replace('"copy"', '"no_such_library"'), encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(thumbnails, "MAKER", broken)
        with pytest.raises(thumbnails.ThumbnailNotMade):
            asked(path, FORMS["png"])
        finish()
    made(path)
