"""The pictures of the annotation page in docs/images, taken anew: python docs/screenshots.py [NAME…]

Its states in light and dark, on generated scenes that simulated people describe; nothing in them is anybody's photo.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from vsa_toolkit.db import people
from vsa_toolkit.db.campaigns import CampaignOptions, KnownAnswer, create_campaign
from vsa_toolkit.db.phrases import Place
from vsa_toolkit.db.workspace import Workspace, create_workspace
from vsa_toolkit.importing import run_import
from vsa_toolkit.registry import registry
from vsa_toolkit.scenes import Counts, write_scenes
from vsa_toolkit.web.access import HERE, Access, Site
from vsa_toolkit.web.application import create_application
from vsa_toolkit.web.office import Office, open_office
from vsa_toolkit.web.serving import listen

IMAGES = Path(__file__).parent / "images"
DESK = {"width": 1200, "height": 760}
PHONE = {"width": 390, "height": 780}
GUIDELINES = "Describe what is in each box in a few words, as you would tell a friend.\n\nOne box for each thing."


@dataclass
class Served:
    """A campaign on a port of its own."""

    workspace: Workspace
    office: Office
    origin: str

    def come_in(self, browser: Browser, name: str, scheme: str, viewport: dict[str, int], path: str = "/") -> Page:
        context = browser.new_context(viewport=viewport, color_scheme=scheme, device_scale_factor=1)  # type: ignore[arg-type]
        token = people.invite(self.workspace.database, name)
        context.request.post(f"{self.origin}/api/session", data={"token": token}, headers={"Origin": self.origin})
        page = context.new_page()
        page.goto(self.origin + path)
        if path == "/":
            page.wait_for_selector("dialog[open]")
            page.keyboard.press("Escape")
            page.evaluate("document.getElementById('photo').decode()")
        return page


def main() -> None:
    wanted = sys.argv[1:] or list(SCENES)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name in wanted:
            for scheme in ("light", "dark"):
                with served(Path(folder) / f"{name}-{scheme}") as office:
                    page = SCENES[name](browser, office, scheme)
                    page.wait_for_timeout(300)
                    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                    picture.save(IMAGES / f"{name}-{scheme}.webp", quality=88, method=6)
                    page.context.close()
            print(f"{name}: light and dark", file=sys.stderr)
        browser.close()


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Scenes with a campaign of three people, of whom two have described the first scene."""
    write_scenes(folder / "scenes", Counts(train=4, val=1, test=1), seed=3)
    with create_workspace(folder / "workspace") as workspace:
        form = registry().get("formats", "scenes")
        run_import(workspace.store, form(form.Options()), folder / "scenes", dataset="scenes")
        things = things_of(workspace)
        answers = tuple(KnownAnswer(box, (label,)) for label, box in things[2][:2])
        options = CampaignOptions(
            phrases_per_image=3, suggest=("boxes",), region_set="scenes", practice={2: answers}, pass_mark=0.5
        )
        create_campaign(
            workspace.database, "scenes", "pilot", overlap=3, blind=True, guidelines=GUIDELINES, options=options
        )
        office = open_office(workspace, campaign="pilot")
        describe(office, things)
        listener = listen(0)
        port = listener.getsockname()[1]
        site = Site(f"http://{HERE}:{port}", (f"{HERE}:{port}",), port)
        application = create_application(office, Access.for_team(workspace.database, site))
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Served(workspace, office, site.origin)
        finally:
            server.should_exit = True
            thread.join()


def things_of(workspace: Workspace) -> dict[int, list[tuple[str, Any]]]:
    """What is on each scene: label and box."""
    with workspace.database.read() as session:
        from sqlalchemy import select

        from vsa_toolkit.db.models import Region, RegionSet

        rows = session.scalars(select(Region).join(RegionSet).where(RegionSet.name == "scenes").order_by(Region.id))
        found: dict[int, list[tuple[str, Any]]] = {}
        for row in rows:
            found.setdefault(row.image_id, []).append((row.label or "thing", (row.x, row.y, row.width, row.height)))
    return found


def describe(office: Office, things: dict[int, list[tuple[str, Any]]]) -> None:
    """Simulated people: ann and ben have practised, and have described the first scene, not quite alike."""
    database = office.workspace.database
    for name, role in (("ann", "annotator"), ("ben", "annotator"), ("cem", "annotator"), ("rita", "owner")):
        people.add_annotator(database, name, role)
    says = {"ann": "a {}", "ben": "the {} on the ground"}
    for name, words in says.items():
        person = people.find_annotator(database, name)
        desk = office.desk(person)
        for image in (2, 1):
            desk.next()
            at = Place(office.campaign.id, person.id, image)
            for number, (label, (x, y, width, height)) in enumerate(things[image]):
                if number < 4:
                    shift = 2.0 * number if name == "ben" else 0.0
                    office.book.add(
                        at, uuid.uuid4().hex, words.format(label), (x + shift, y, width, height), 4.0 + number
                    )
            office.book.submit(at, uuid.uuid4().hex)


# What each picture shows ------------------------------------------------------------------------------------------


def annotating(browser: Browser, office: Served, scheme: str, viewport: dict[str, int] = DESK) -> Page:
    page = office.come_in(browser, "ann", scheme, viewport)
    page.keyboard.press("g")
    page.wait_for_selector("#suggestions li")
    for digit, words in (("1", "a yellow kite"), ("2", "a present in striped paper")):
        page.keyboard.press(digit)
        page.keyboard.type(words)
        page.keyboard.press("Enter")
    page.keyboard.press("[")
    return page


def phone(browser: Browser, office: Served, scheme: str) -> Page:
    return annotating(browser, office, scheme, PHONE)


def corners(browser: Browser, office: Served, scheme: str) -> Page:
    page = office.come_in(browser, "ann", scheme, DESK)
    for key in "ngs":
        page.keyboard.press(key)
    return page


def merge(browser: Browser, office: Served, scheme: str) -> Page:
    from vsa_toolkit.db.corrections import correct

    page = annotating(browser, office, scheme)
    person = people.find_annotator(office.workspace.database, "ann")
    image = int(page.evaluate("location.hash").lstrip("#"))
    phrase = office.office.desk(person).state(image)["phrases"][1]
    x, y, width, height = phrase["box"]
    correct(office.workspace.database, "rita", phrase["id"], "a striped present", (x + 4, y + 2, width, height))
    page.keyboard.press("Enter")
    page.keyboard.type("a big present")
    page.keyboard.press("Enter")
    page.wait_for_selector("#merge-dialog[open]")
    return page


def practice(browser: Browser, office: Served, scheme: str) -> Page:
    page = office.come_in(browser, "cem", scheme, DESK)
    label, (x, y, width, height) = things_of(office.workspace)[2][0]
    place = page.locator("#photo").bounding_box()
    assert place
    scale = place["width"] / float(page.evaluate("document.getElementById('photo').naturalWidth"))
    page.mouse.move(place["x"] + x * scale, place["y"] + y * scale)
    page.mouse.down()
    page.mouse.move(place["x"] + (x + width) * scale, place["y"] + (y + height) * scale, steps=4)
    page.mouse.up()
    page.keyboard.type(f"a {label}")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#graded:not([hidden])")
    return page


def keys(browser: Browser, office: Served, scheme: str) -> Page:
    page = office.come_in(browser, "ann", scheme, DESK)
    page.keyboard.press("?")
    return page


def join(browser: Browser, office: Served, scheme: str) -> Page:
    page = browser.new_context(viewport={"width": 800, "height": 460}, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.goto(f"{office.origin}/join#token")
    return page


SCENES = {
    "annotate": annotating, "corners": corners, "merge": merge, "practice": practice, "keys": keys, "phone": phone,
    "join": join,
}  # fmt: skip

if __name__ == "__main__":
    main()
