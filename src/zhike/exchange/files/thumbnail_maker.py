"""A program of its own that makes the thumbnail of a picture.

Decoders of pictures are where servers are broken into, and a few bytes can ask for a canvas of any size. So it runs
here, where nothing is lost by that: `thumbnail_maker.py FORMAT EDGE < PICTURE > THUMBNAIL`, with no more memory and
time than stands below. Once it has begun to look into the picture it opens no file and starts no program. It imports
nothing of the product, and ends with an error where there is nothing to see.
"""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from typing import BinaryIO

MOST_MEMORY, MOST_SECONDS, MOST_WRITTEN = 640 << 20, 5, 256 << 10
MOST_PIXELS = 64_000_000
MOST_SCALED = 256_000_000  # a JPEG, which is made smaller while it is decoded
QUALITY = 80
NOT_ITS_FAULT = 70  # nothing is known of the picture: no library, no room
# What is loaded only once a picture asks for it, when there is nothing to be opened any more.
PARTS = ("copy", *(f"PIL.{kind}ImagePlugin" for kind in ("Gif", "Jpeg", "Mpo", "Png", "Tiff", "WebP")))


def main(form: str, edge: int, picture: BinaryIO, target: BinaryIO) -> None:
    """Write the picture, upright, as WebP of at most edge × edge pixels, with nothing else that stood in it."""
    _limit(resource.RLIMIT_AS, MOST_MEMORY)
    _limit(resource.RLIMIT_CPU, MOST_SECONDS)
    _limit(resource.RLIMIT_FSIZE, MOST_WRITTEN)
    _limit(resource.RLIMIT_CORE, 0)
    try:
        for part in PARTS:
            import_module(part)
        from PIL import Image, ImageOps
    except ImportError:
        sys.exit(NOT_ITS_FAULT)

    Image.preinit()
    _limit(resource.RLIMIT_NOFILE, 3)
    _limit(resource.RLIMIT_NPROC, 0)
    Image.MAX_IMAGE_PIXELS = None  # measured here
    with Image.open(picture, formats=[form]) as opened:
        image: Image.Image = opened
        if image.width * image.height > (MOST_SCALED if form == "JPEG" else MOST_PIXELS):
            raise ValueError("too large")
        image.draft("RGB", (2 * edge, 2 * edge))
        if image.width * image.height > MOST_PIXELS:
            raise ValueError("too large")
        image.load()
        if image.mode.startswith("I"):  # grey of sixteen bits
            image = image.point(lambda value: value / 256).convert("L")
        if image.mode != (mode := "RGBA" if image.has_transparency_data else "RGB"):
            image = image.convert(mode)
        image.thumbnail((edge, edge))
        small = ImageOps.exif_transpose(image)
        made = BytesIO()
        small.save(made, "WEBP", quality=QUALITY, exif=b"", xmp=b"", icc_profile=b"")
    try:
        target.write(made.getvalue())
        target.flush()
    except OSError:
        sys.exit(NOT_ITS_FAULT)


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(ValueError, OSError):  # macOS knows no limit of memory
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer, sys.stdout.buffer)
