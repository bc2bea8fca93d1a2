"""The annotation page in a browser: how soon boxes and photo are seen, how smoothly a box is dragged among hundreds.

    python benchmarks/annotation_page.py --boxes 500 --megapixels 12

A server in this process serves a made-up photo; Chromium (headless, without a graphics card: the worst case) opens the
page some times with an empty cache. Boxes count as seen in the frame after they came into the document, the photo
in the frame after it was decoded; both from the start of the navigation. Then a box is drawn and resized among the
others, and the page is zoomed, while requestAnimationFrame counts the time between frames.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from PIL import Image

from vsa_toolkit.db import people
from vsa_toolkit.db.phrases import Place
from vsa_toolkit.db.workspace import create_workspace
from vsa_toolkit.importing import run_import
from vsa_toolkit.registry import registry
from vsa_toolkit.web.access import Access
from vsa_toolkit.web.application import create_application
from vsa_toolkit.web.office import open_office
from vsa_toolkit.web.serving import listen

LIMIT = 1000  # milliseconds, for boxes and photo

WATCH = """
window.seen = {};
const frame = (then) => requestAnimationFrame(() => requestAnimationFrame(then));
new MutationObserver((_, observer) => {
  if (!document.querySelector("#canvas .box")) return;
  observer.disconnect();
  frame(() => (seen.boxes = performance.now()));
  document.getElementById("photo").decode().then(() => frame(() => (seen.photo = performance.now())));
}).observe(document, { childList: true, subtree: true });
"""
COUNT = """
window.frames_ = [];
let last = performance.now();
(function next(now) { frames_.push(now - last); last = now; window.counting = requestAnimationFrame(next); })(last);
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boxes", type=int, default=500)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    height = round((options.megapixels * 1e6 * 3 / 4) ** 0.5)
    size = (round(height * 4 / 3), height)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), size, options.boxes) as (address, access):
        from playwright.sync_api import sync_playwright

        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            opened = [open_once(browser, access.address, address) for _ in range(options.turns)]
            boxes, photo = (statistics.median(each[name] for each in opened) for name in ("boxes", "photo"))
            print(f"{size[0]} x {size[1]} photo with {options.boxes} boxes, median of {options.turns} first visits:")
            print(f"  boxes seen after {boxes:.0f} ms, photo after {photo:.0f} ms (limit {LIMIT} ms)")
            for name, frames in smoothness(browser, access.address, address).items():
                p50, p95 = np.quantile(frames, [0.5, 0.95])
                print(f"  {name}: {len(frames)} frames, median {p50:.1f} ms, 95th percentile {p95:.1f} ms")
            browser.close()
    sys.exit(boxes > LIMIT)


@contextmanager
def served(folder: Path, size: tuple[int, int], boxes: int) -> Iterator[tuple[str, Access]]:
    """A workspace with one photo that has so many phrases, on a port of its own."""
    photos = folder / "photos"
    photos.mkdir()
    grain = np.random.default_rng(0).normal(128, 40, (size[1] // 8, size[0] // 8, 3)).clip(0, 255).astype("uint8")
    Image.fromarray(grain).resize(size, Image.Resampling.BICUBIC).save(photos / "one.jpg", quality=92)
    with create_workspace(folder / "workspace") as workspace:
        form = registry().get("formats", "folder")
        run_import(workspace.store, form(form.Options()), photos, dataset="pictures")
        office = open_office(workspace)
        person = people.annotator(workspace.database, "ann")
        at = Place(office.campaign.id, person.id, 1)
        rng = np.random.default_rng(1)
        for number in range(boxes):
            corner, sides = rng.random(2) * 0.85, 0.02 + rng.random(2) * 0.13
            box = tuple(float(side) for side in (*(corner * size), *(sides * size)))
            office.book.add(at, uuid.uuid4().hex, f"thing number {number}", box)  # type: ignore[arg-type]
        listener = listen(0)
        port = listener.getsockname()[1]
        access = Access.here(workspace.database, port, person)
        server = uvicorn.Server(uvicorn.Config(create_application(office, access), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/", access
        finally:
            server.should_exit = True
            thread.join()


def open_once(browser: Any, entrance: str, address: str) -> dict[str, float]:
    before = browser.new_context()
    before.request.get(entrance)  # the session's cookie; measured is the page itself, with an empty cache
    session = before.storage_state()
    before.close()
    context = browser.new_context(viewport={"width": 1440, "height": 900}, storage_state=session)
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_selector("#canvas .box")
    while len(seen := page.evaluate("seen")) < 2:
        page.wait_for_timeout(20)
    context.close()
    return dict(seen)


def smoothness(browser: Any, entrance: str, address: str) -> dict[str, list[float]]:
    """Milliseconds between frames while a new box is drawn, is resized, and the photo is zoomed."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(entrance)
    page.wait_for_selector("#canvas:focus")
    page.evaluate("document.getElementById('photo').decode()")

    def frames_of(act: Any) -> list[float]:
        page.evaluate(COUNT)
        act()
        frames: list[float] = page.evaluate("(cancelAnimationFrame(counting), frames_.slice(2))")
        return frames

    def drag(start: tuple[float, float], radius: float) -> None:
        page.mouse.move(*start)
        page.mouse.down()
        for step in range(120):
            angle = step / 8
            page.mouse.move(
                start[0] + 60 + step + radius * np.cos(angle), start[1] + 60 + step + radius * np.sin(angle)
            )
        page.mouse.up()

    def zoom() -> None:
        page.keyboard.down("Control")
        for step in range(60):
            page.mouse.wheel(0, -30 if step < 30 else 30)
        page.keyboard.up("Control")
        page.wait_for_timeout(400)  # what is drawn anew when the hand rests counts too

    found = {"drawing a box": frames_of(lambda: drag((300, 200), 20))}
    page.keyboard.press("Escape")
    page.mouse.move(500, 400)
    found["zooming"] = frames_of(zoom)
    page.click("text=Whole")
    page.keyboard.press("[")
    knob = page.locator("#canvas .handle.se .knob").bounding_box()
    start = (knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
    found["resizing a box"] = frames_of(lambda: drag(start, 10))
    context.close()
    return found


if __name__ == "__main__":
    main()
