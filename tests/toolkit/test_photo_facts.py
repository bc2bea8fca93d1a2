import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image

from vsa_toolkit.errors import DataError
from vsa_toolkit.photo_facts import photo_facts

NAME = Path("photo")


def encoded(kind: str, size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert("RGB").save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_size_and_digest_of_a_whole_photo(kind: str) -> None:
    data = encoded(kind)
    facts = photo_facts(data, NAME)
    assert (facts.width, facts.height) == (40, 30)
    assert facts.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_size_is_as_people_see_the_photo(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    facts = photo_facts(encoded(kind, exif=exif), NAME)
    assert (facts.width, facts.height) == ((30, 40) if orientation in (6, 8) else (40, 30))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_truncated_photo_is_found(kind: str, kept: float) -> None:
    data = encoded(kind, (200, 150))
    with pytest.raises(DataError, match=r"^(photo photo is damaged|photo is no photo)"):
        photo_facts(data[: int(len(data) * kept)], NAME)


def test_a_jpeg_with_bytes_after_its_end_is_whole() -> None:
    assert photo_facts(encoded("JPEG") + b"\0" * 20, NAME).width == 40
    assert photo_facts(encoded("JPEG") + b"\0" * 2000, NAME).width == 40


@pytest.mark.parametrize("data", [b"", b"not a photo", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_photo_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(DataError, match=r"^photo is no photo in a format that can be read"):
        photo_facts(data, NAME)
