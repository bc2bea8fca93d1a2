from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from vsa_toolkit.errors import DataError
from vsa_toolkit.photos import decode_photo, open_photo, read_photo


def encoded(photo: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    photo.save(out, kind, **options)
    return out.getvalue()


def test_a_photo_is_turned_as_its_camera_was() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: shown upright, the photo is upright
    data = encoded(Image.new("RGB", (40, 20), "red"), exif=exif)
    assert decode_photo(data, "turned.jpg").size == (20, 40)


@pytest.mark.parametrize(("mode", "kind"), [("L", "PNG"), ("P", "PNG"), ("CMYK", "JPEG"), ("1", "PNG"), ("LA", "PNG")])
def test_every_mode_becomes_rgb(mode: str, kind: str) -> None:
    photo = decode_photo(encoded(Image.new(mode, (8, 8)), kind), "x")
    assert (photo.mode, photo.size) == ("RGB", (8, 8))


def test_what_is_transparent_becomes_white() -> None:
    photo = decode_photo(encoded(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG"), "x.png")
    assert photo.getpixel((0, 0)) == (255, 255, 255)


def test_a_missing_photo_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jpg does not exist"):
        open_photo(tmp_path / "gone.jpg")
    with pytest.raises(DataError, match="cannot be read"):
        open_photo(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "zero.jpg"):
        with pytest.raises(DataError, match=rf"photo .*{name} cannot be read: it is no file\. Remove it, or put"):
            read_photo(tmp_path / name)


def test_every_truncation_of_a_photo_is_refused_by_name() -> None:
    noise = Image.effect_noise((64, 64), 90).convert("RGB")
    for kind in ("JPEG", "PNG"):
        data = encoded(noise, kind)
        for keep in (0, 1, 10, len(data) // 3, len(data) // 2, len(data) * 9 // 10):
            with pytest.raises(DataError, match=r"half\.img"):
                decode_photo(data[:keep], "half.img")


def test_text_in_the_clothes_of_a_photo_is_refused() -> None:
    with pytest.raises(DataError, match=r"note\.jpg is no photo"):
        decode_photo(b"hello, world", "note.jpg")


def test_a_photo_that_claims_too_many_pixels_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"photo bomb\.png is refused"):
        decode_photo(encoded(Image.new("1", (40, 40)), "PNG"), "bomb.png")


def test_a_photo_of_16_bits_keeps_its_greys() -> None:
    photo = decode_photo(encoded(Image.new("I;16", (4, 4), 128 << 8), "PNG"), "x.png")
    assert photo.getpixel((0, 0)) == (128, 128, 128)
