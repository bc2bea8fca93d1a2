"""Photos as the browser gets them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from vsa_toolkit.errors import DataError
from vsa_toolkit.web.photo import LARGEST_SIDE, web_photo

RED, BLUE = (220, 20, 20), (20, 20, 220)


def two_halves(width: int = 40, height: int = 20) -> Image.Image:
    """Red on the left, blue on the right."""
    photo = Image.new("RGB", (width, height), RED)
    photo.paste(BLUE, (width // 2, 0, width, height))
    return photo


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize(("name", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_plain_photo_is_sent_as_it_is(tmp_path: Path, name: str, media_type: str) -> None:
    file = tmp_path / "photo.bin"  # the name says nothing
    two_halves().save(file, name)
    assert web_photo(file) == (file.read_bytes(), media_type)


def test_a_turned_photo_is_sent_upright(tmp_path: Path) -> None:
    file = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: shown a quarter to the right
    two_halves().save(file, exif=exif, quality=95)
    data, media_type = web_photo(file)
    shown = decoded(data)
    assert media_type == "image/jpeg"
    assert shown.size == (20, 40)
    assert shown.getpixel((10, 5))[0] > 150  # type: ignore[index]
    assert shown.getpixel((10, 35))[2] > 150  # type: ignore[index]
    assert 0x0112 not in Image.open(io.BytesIO(data)).getexif()


def test_a_large_photo_is_scaled_in_its_aspect(tmp_path: Path) -> None:
    file = tmp_path / "large.png"
    two_halves(LARGEST_SIDE * 2, 100).save(file)
    assert decoded(web_photo(file)[0]).size == (LARGEST_SIDE, 50)


@pytest.mark.parametrize("name", ["TIFF", "BMP"])
def test_what_browsers_do_not_show_is_sent_as_jpeg(tmp_path: Path, name: str) -> None:
    file = tmp_path / "photo"
    two_halves().save(file, name)
    data, media_type = web_photo(file)
    assert media_type == "image/jpeg"
    assert decoded(data).size == (40, 20)


def test_what_is_transparent_is_white_as_models_see_it(tmp_path: Path) -> None:
    file = tmp_path / "clear.png"
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(file)
    assert decoded(web_photo(file)[0]).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"",
        b"%PDF-1.7",
    ],
)
def test_a_page_that_calls_itself_a_photo_is_never_sent(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"photo\.jpg"):
        web_photo(file)


def test_a_missing_photo_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jpg does not exist"):
        web_photo(tmp_path / "gone.jpg")
