"""What an import notes of a photo: digest and size, and whether the file is whole, without decoding it where it can."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from .errors import DataError
from .photos import decode_photo

ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
TAIL = 64  # bytes in which the end marker is looked for: some cameras write a little more after it
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations in which width and height change places
ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """`width` and `height` are pixels as people see the photo (EXIF applied); `turned`: EXIF made them change places.
    `bytes` is the size of its file."""

    sha256: str
    width: int
    height: int
    bytes: int
    turned: bool = False


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def photo_facts(data: bytes, path: Path) -> PhotoFacts:
    """The facts of a photo whose file holds `data`. Only a file without its end marker, or of another format than
    JPEG and PNG, is decoded to see whether it is whole.

    Raises:
        DataError: it is no photo, or it is damaged; the sentence names `path`.
    """
    width, height, turned = _size_if_whole(data, path) or (*decode_photo(data, path).size, False)
    return PhotoFacts(sha256_of(data), width, height, len(data), turned)


def _size_if_whole(data: bytes, path: Path) -> tuple[int, int, bool] | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as photo:
            marker = ENDS.get(photo.format or "")
            if marker is None or marker not in data[-TAIL:]:
                return None
            width, height = photo.size
            sideways = _has_exif(photo.info, data) and photo.getexif().get(ORIENTATION) in SIDEWAYS
    except Image.DecompressionBombError as error:
        raise DataError(f"photo {path} is refused: {error} Make it smaller.") from error
    except Exception:  # Pillow raises many kinds for broken headers; decoding says which it is
        return None
    return (height, width, True) if sideways else (width, height, False)


def _has_exif(info: dict[str | tuple[int, int], object], data: bytes) -> bool:
    """Asking Pillow for the EXIF data of a PNG would decode it."""
    return "exif" in info or b"eXIf" in data[-4096:] or b"eXIf" in data[:4096]
