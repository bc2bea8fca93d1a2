"""Server, tab or network die at random moments of a typed session: nothing that was typed is lost, nothing is twice.

VSA_PAGE_KILLS=100 runs as many moments as that; each has a seed of its own, and says it.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy import select

from vsa_toolkit.db import people
from vsa_toolkit.db.models import JournalEntry
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace, create_workspace
from vsa_toolkit.importing import run_import
from vsa_toolkit.registry import registry

from .browsing import wait_until_open
from .cable import Cable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser to test in")

MOMENTS = int(os.environ.get("VSA_PAGE_KILLS", "8"))
SIZE = (240, 180)
SESSION = 2.0  # seconds within which something dies
CHANGES = 7
START = "from vsa_toolkit.cli import main; main()"
CHANGING = ("add", "edit", "move", "delete")
OUTBOX = """new Promise((resolve, reject) => {
  const request = indexedDB.open("vsa");
  request.onerror = reject;
  request.onsuccess = () => {
    const rows = request.result.transaction("outbox").objectStore("outbox").getAll();
    rows.onsuccess = () => { request.result.close(); resolve(rows.result.map((row) => row.operation)); };
  };
})"""


class Stage:
    """A workspace with a picture for each moment, its server in a process of its own, and a cable to it."""

    def __init__(self, folder: Path, workspace: Workspace) -> None:
        self.folder, self.workspace = folder, workspace
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.server_port: int = free.getsockname()[1]
        self.cable = Cable(self.server_port)
        self.origin = f"http://127.0.0.1:{self.cable.port}"
        self.ann = people.add_annotator(workspace.database, "ann")
        self.book = PhraseBook(workspace.database)
        self.campaign = self.book.campaign("pictures")
        self.process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-P", "-c", START, "--workspace", str(self.folder), "annotate", "--no-browser"]
        command += ["--host", "127.0.0.1", "--port", str(self.server_port), "--public", self.origin]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout
        assert self.process.stdout.readline().strip()

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.communicate()

    def phrases(self, image: int) -> list[str]:
        found = self.book.phrases(Place(self.campaign.id, self.ann.id, image))
        return [phrase.text for phrase in found]

    def journal(self, image: int) -> list[tuple[str, str]]:
        """(operation's id, kind) of all that the database has acknowledged."""
        with self.workspace.database.read() as session:
            entries = session.scalars(select(JournalEntry).where(JournalEntry.image_id == image))
            return [(entry.operation_id, entry.kind) for entry in entries]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("killed") / "workspace"
    with create_workspace(folder) as workspace:
        photos = folder / "photos"
        photos.mkdir()
        for number in range(MOMENTS):
            Image.new("RGB", SIZE, (40 + number, 120, 90)).save(photos / f"{number:03d}.png")
        form = registry().get("formats", "folder")
        run_import(workspace.store, form(form.Options()), photos, dataset="pictures")
        made = Stage(folder, workspace)
        yield made
        made.kill()
        made.cable.close()


@pytest.fixture
def tab(context: BrowserContext) -> Iterator[Callable[[], Page]]:
    """A new tab, closed at the end: the next test's would find the page taken."""
    opened: list[Page] = []

    def open_() -> Page:
        opened.append(context.new_page())
        return opened[-1]

    yield open_
    for page in opened:
        page.close()


@pytest.fixture(scope="module")
def context(browser: Browser, place: Stage) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 900, "height": 600})
    opened.set_default_timeout(60_000)
    token = people.invite(place.workspace.database, "ann")
    answer = opened.request.post(f"{place.origin}/api/session", data={"token": token}, headers={"Origin": place.origin})
    assert answer.ok
    yield opened
    opened.close()


@dataclass
class Typist:
    """Types changes and remembers what the image must say then. `before`: without the change that is being typed."""

    page: Page
    rng: random.Random
    states: list[list[str]] = field(default_factory=lambda: [[]])
    typing: list[str] | None = None
    made: int = 0
    words: str = ""

    @property
    def phrases(self) -> list[str]:
        return self.states[-1]

    def session(self) -> None:
        for number in range(CHANGES):
            act = self.rng.choice(
                [self.add, self.edit, self.move, self.delete, self.undo] if self.phrases else [self.add]
            )
            act(number)
            self.typing = None

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            time.sleep(self.rng.random() * 0.04)  # as hands do

    def type(self, words: str) -> None:
        for letter in words:
            self.page.keyboard.press("Space" if letter == " " else letter)
            self.words += letter

    def done(self, phrases: list[str]) -> None:
        self.states.append(phrases)
        self.made += 1
        self.words = ""

    def add(self, number: int) -> None:
        words = f"thing {number}"
        self.press("n", *self.rng.choice(["ammm", "ggca", "kkay", "bcde"]))
        self.typing = [*self.phrases, words]
        self.type(words)
        self.press("Enter")
        self.done(self.typing)

    def edit(self, number: int) -> None:
        words = f"other {number}"
        at = self.select()
        self.press("Enter")
        self.typing = [*self.phrases[:at], words, *self.phrases[at + 1 :]]
        self.type(words)
        self.press("Enter")
        self.done(self.typing)

    def move(self, number: int) -> None:
        self.select()
        self.press("Control+ArrowRight", "Escape")
        self.done(self.phrases)

    def delete(self, number: int) -> None:
        at = self.select()
        self.typing = [*self.phrases[:at], *self.phrases[at + 1 :]]
        self.press("Delete")
        self.done(self.typing)

    def undo(self, number: int) -> None:
        if len(self.states) == 1:
            return
        self.typing = self.states[-2]
        self.press("u")
        self.states.pop()

    def select(self) -> int:
        """The first box: Escape lets go of what was held, ] takes the first."""
        self.press("Escape", "]")
        return 0


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_nothing_is_lost_and_nothing_is_twice(
    seed: int, place: Stage, context: BrowserContext, tab: Callable[[], Page]
) -> None:
    rng = random.Random(seed)
    victim = ("server", "tab", "network")[seed % 3]
    image = seed + 1
    page = tab()
    page.goto(f"{place.origin}/#{image}")
    wait_until_open(page)
    typist = Typist(page, rng)
    moment = threading.Timer(rng.random() * SESSION, kill(victim, place, context, page))
    moment.start()
    crashed = False
    try:
        typist.session()
    except playwright.Error:
        crashed = True
        assert victim == "tab"
    moment.join()
    if victim == "server":
        place.start()
    elif victim == "network":
        place.cable.put_in()
    else:
        page.close()

    # all that was made is acknowledged or kept
    looking = tab()
    looking.goto(f"{place.origin}/static/icon.svg")
    kept = {each["op_id"]: each["kind"] for each in looking.evaluate(OUTBOX) if each["image"] == image}
    looking.close()
    known = {**kept, **dict(place.journal(image))}
    changes = sum(kind in CHANGING for kind in known.values())
    assert typist.made <= changes <= typist.made + (1 if crashed else 0), (victim, known)

    # and arrives, once
    if victim == "tab":
        page = tab()
        page.goto(f"{place.origin}/#{image}")
        wait_until_open(page)
    else:
        page.evaluate("dispatchEvent(new Event('online'))")
    until_sent(page)
    journal = place.journal(image)
    assert known.items() <= dict(journal).items()
    assert len(journal) == len({op_id for op_id, _ in journal})
    expected = [typist.phrases] + ([typist.typing] if crashed and typist.typing is not None else [])
    found = place.phrases(image)
    assert found in expected, victim
    if crashed and typist.words and found == typist.phrases:
        fields = page.evaluate(
            "[...document.querySelectorAll('#list textarea, #composer-text')].map((each) => each.value)"
        )
        assert any(each.startswith(typist.words) for each in fields), f"{typist.words!r} was typed; there is {fields}"


def kill(victim: str, place: Stage, context: BrowserContext, page: Page) -> Any:
    """What dies, as a function that any thread may call."""
    if victim == "server":
        return place.kill
    if victim == "network":
        return place.cable.pull_out
    process = renderer_of(context, page)
    return lambda: os.kill(process, signal.SIGKILL)


def renderer_of(context: BrowserContext, page: Page) -> int:
    """The process that shows this page: the one that works when the page does."""
    assert context.browser
    device = context.browser.new_browser_cdp_session()

    def times() -> dict[int, float]:
        told = device.send("SystemInfo.getProcessInfo")["processInfo"]
        return {each["id"]: each["cpuTime"] for each in told if each["type"] == "renderer"}

    before = times()
    page.evaluate("(() => { const end = performance.now() + 150; while (performance.now() < end); })()")
    after = times()
    device.detach()
    return max(after, key=lambda each: after[each] - before.get(each, 0.0))


def until_sent(page: Page) -> None:
    """Until nothing waits any more."""
    for _ in range(600):
        if page.evaluate(OUTBOX) == []:
            return
        page.wait_for_timeout(50)
    raise AssertionError(page.inner_text("#saved"))
