"""Photos as the browser gets them."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
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


DECODE_AT_ONCE = """
import io, resource, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import PIL.Image
from vsa_toolkit.web.photo import web_photo
PIL.Image.init()
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
with ThreadPoolExecutor(len(sys.argv)) as threads:
    sent = list(threads.map(web_photo, map(Path, sys.argv[1:])))
used = peak() - before
print(used, *(side for data, _ in sent for side in PIL.Image.open(io.BytesIO(data)).size))
"""


@pytest.mark.parametrize(("name", "limit"), [("JPEG", 250), ("PNG", 600)])
def test_photos_of_100_megapixels_are_scaled_in_bounded_memory(tmp_path: Path, name: str, limit: int) -> None:
    """Megabytes beyond what the process has before, for two at once; a PNG has to be decoded whole (400)."""
    files = [tmp_path / "huge", tmp_path / "another"]
    Image.new("RGB", (10_000, 10_000), RED).save(files[0], name, compress_level=1)
    files[1].hardlink_to(files[0])
    done = subprocess.run([sys.executable, "-c", DECODE_AT_ONCE, *map(str, files)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    memory, *sides = map(int, done.stdout.split())
    assert sides == [LARGEST_SIDE] * 4
    assert memory < limit


def test_a_photo_that_claims_more_pixels_than_any_memory_holds_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    Image.new("1", (8, 8)).save(file)
    data = bytearray(file.read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"bomb\.png"):
        web_photo(file)


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
        b"GIF89a<script>alert(1)</script>",
        b"\xff\xd8\xff\xe0<html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n<svg/onload=alert(1)>",
        b'\xef\xbb\xbf<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"",
        b"%PDF-1.7",
    ],
)
def test_a_page_that_calls_itself_a_photo_is_never_sent(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"photo\.jpg"):
        web_photo(file)


def test_a_photo_with_a_page_behind_it_is_sent_as_a_photo_only(tmp_path: Path) -> None:
    """A file that is both: its type is that of the photo, and nosniff (in every answer) keeps browsers to it."""
    file = tmp_path / "photo.html"
    two_halves().save(file, "GIF")
    file.write_bytes(file.read_bytes() + b"<script>alert(1)</script>")
    assert web_photo(file)[1] == "image/gif"


def test_a_missing_photo_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jpg does not exist"):
        web_photo(tmp_path / "gone.jpg")
