"""A photo as the browser gets it: the file's own bytes where a browser shows them as people should see them."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vsa_toolkit.photos import decode_photo, read_photo

if TYPE_CHECKING:
    from PIL.Image import Image as Photo

LARGEST_SIDE = 4096
"""Pixels; larger photos are scaled for the screen. Boxes stay in the pixels of the file."""

WEB_FORMATS = {
    "JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif",
}  # fmt: skip
PLAIN_MODES = ("1", "L", "P", "RGB", "I;16")
ORIENTATION = 0x0112

_decoder = ThreadPoolExecutor(1, "photos")
"""One photo at a time: Pillow holds 4 bytes a pixel, and a smaller copy. 100 megapixels take 500 MB beside the file. In
one thread, since what a thread frees is not there for another one (glibc keeps an arena for each)."""

_looking = threading.Lock()  # whether a PNG was turned can stand behind its pixels


def web_photo(file: Path) -> tuple[bytes, str]:
    """The bytes to send for a photo's file and their media type, told by what is in it, never by its name.

    Raises:
        DataError: the file does not exist, is no photo, is damaged or has more pixels than Pillow takes (179 million).
    """
    try:
        is_file, state = file.is_file(), file.stat()
    except OSError:
        return read_photo(file), ""  # says what is wrong with it
    written = (state.st_mtime_ns, state.st_size)
    with _looking:
        media_type = _shown_as_it_is(file, *written) if is_file else None
    if media_type is not None:
        return read_photo(file), media_type
    return _decoder.submit(_made_for_browsers, file, *written).result(), "image/jpeg"


@lru_cache(maxsize=16)
def _made_for_browsers(file: Path, written_at: int, size: int) -> bytes:
    """A JPEG of at most LARGEST_SIDE; the last few are kept, since a large photo takes seconds."""
    photo = decode_photo(read_photo(file), file, about=LARGEST_SIDE)
    photo.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    encoded = io.BytesIO()
    photo.save(encoded, "JPEG", quality=90)
    return encoded.getvalue()


@lru_cache(maxsize=10_000)
def _shown_as_it_is(file: Path, written_at: int, size: int) -> str | None:
    """The media type of a photo that every browser shows upright, opaque, still and not too large; else None."""
    from PIL import Image

    try:
        with Image.open(file) as photo:
            return WEB_FORMATS.get(photo.format or "") if _is_plain(photo) else None
    except Exception:  # whatever is wrong with it, decoding it says so in a sentence
        return None


def _is_plain(photo: Photo) -> bool:
    return (
        max(photo.size) <= LARGEST_SIDE
        and photo.mode in PLAIN_MODES
        and "transparency" not in photo.info
        and photo.getexif().get(ORIENTATION, 1) == 1
        and (photo.format == "MPO" or getattr(photo, "n_frames", 1) == 1)
    )
