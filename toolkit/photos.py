"""Opening photos as people see them: EXIF orientation applied, RGB, nothing that can fill the memory."""

from __future__ import annotations

import io
import os
import stat
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image as Photo


def open_photo(path: Path) -> Photo:
    """The photo in a file: RGB, EXIF orientation applied, wholly decoded.

    Raises:
        DataError: it does not exist, is no photo, is truncated, or claims more pixels than Pillow's limit.
    """
    return decode_photo(read_photo(path), path)


def read_photo(path: Path) -> bytes:
    """The bytes of a photo's file.

    Raises:
        DataError: it does not exist, is no file, or cannot be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would never end, nor would what lies in /dev
            raise DataError(f"photo {path} cannot be read: it is no file. Remove it, or put the photo there.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"photo {path} does not exist: put the file back where it was.") from error
    except OSError as error:
        raise DataError(f"photo {path} cannot be read: {error.strerror or error}.") from error


def decode_photo(data: bytes, name: Path | str, about: int | None = None) -> Photo:
    """A photo from the bytes of its file; `name` is for the message of the DataError.

    about: a larger side of so many pixels is enough: what is far larger is decoded smaller (it still has as many at
    least), in a part of the memory.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        photo: Photo = Image.open(io.BytesIO(data))
        if about is not None:
            photo = _smaller(photo, about)
        photo.load()
        ImageOps.exif_transpose(photo, in_place=True)
        return _rgb(photo)
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is no photo in a format that can be read: replace or remove the file.") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"photo {name} is refused: {error} Make it smaller.") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise DataError(f"photo {name} is damaged ({error}): replace or remove the file.") from error


def _smaller(photo: Photo, about: int) -> Photo:
    """A photo of at least `about` pixels a side, smaller by a whole factor where that is possible in its format."""
    photo.draft(None, (about, about))  # JPEG alone: decoded at a half, a quarter or an eighth
    factor = max(photo.size) // about
    if factor < 2 or photo.format == "TIFF" or photo.mode not in ("L", "RGB", "RGBA"):
        return photo
    return photo.reduce(factor)


def _rgb(photo: Photo) -> Photo:
    """RGB; what is transparent becomes white, as a page would show it."""
    from PIL import Image

    if photo.mode == "RGB":
        return photo
    if photo.mode.startswith("I;16"):  # Pillow would cut all above 255 off
        import numpy as np

        return Image.fromarray((np.asarray(photo) >> 8).astype(np.uint8)).convert("RGB")
    if "A" in photo.mode or "transparency" in photo.info:
        seen = photo.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return photo.convert("RGB")
