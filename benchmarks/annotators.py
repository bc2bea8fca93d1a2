"""Simulated annotators who save at once: how long a save takes, and whether every acknowledged one is in the journal.

    python benchmarks/annotators.py --annotators 50 --seconds 60
    python benchmarks/annotators.py --postgres         # a real server, started for this (tests/postgres_server.py)
    python benchmarks/annotators.py --database postgresql://user@host/empty_database

A real `vsa annotate --host` in a process of its own serves a campaign of made-up pictures with an overlap of two. Every
annotator comes in with an invitation link, keeps one connection open and sends one change a second, as the page does:
boxes with phrases, other words, moved boxes, undo, and every eighth a submission that asks for the next image. A save's
time runs from the first byte sent to the last byte of the answer, which is sent when the change is on disk. The
machine's cores are shared by server, database and annotators.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from PIL import Image
from sqlalchemy import select

from vsa_toolkit.db import people
from vsa_toolkit.db.campaigns import CampaignOptions, create_campaign
from vsa_toolkit.db.models import JournalEntry
from vsa_toolkit.db.workspace import create_workspace, open_workspace
from vsa_toolkit.importing import run_import
from vsa_toolkit.registry import registry

LIMIT = 0.100  # seconds, for the 95th percentile
IMAGES_FOR_EACH = 10
WORDS = ("red", "small", "round", "old", "wooden", "ball", "dog", "tree", "house", "car", "left", "behind")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotators", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--database", metavar="URL", help="an empty PostgreSQL database (default: SQLite)")
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL server of this benchmark's own")
    options = parser.parse_args()
    with _postgres() if options.postgres else nullcontext(options.database) as url:
        saves, written = measure(options.annotators, options.seconds, url)
    report(saves, written)
    if at(saves.times, 0.95) > LIMIT or set(saves.acknowledged) - set(written) or max(written.values()) > 1:
        sys.exit(1)


class Saves:
    """What the annotators saw."""

    def __init__(self) -> None:
        self.times: list[float] = []  # seconds
        self.turns: list[float] = []  # … of submissions, which also ask for the next image
        self.acknowledged: list[str] = []
        self.refused: Counter[str] = Counter()
        self.late = 0
        self.elapsed = 0.0  # seconds until the last answer


def measure(annotators: int, seconds: float, url: str | None = None) -> tuple[Saves, Counter[str]]:
    """What the annotators of `vsa annotate` saw, and how often each operation is in the journal afterwards."""
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at) / "workspace"
        links = prepare(folder, url, annotators)
        with server(folder) as address:
            saves = asyncio.run(annotate(address, links, seconds))
        with open_workspace(folder) as workspace, workspace.database.read() as session:
            print(f"vsa annotate, database: {workspace.database.engine.dialect.name}")
            return saves, Counter(session.scalars(select(JournalEntry.operation_id)))


def prepare(folder: Path, url: str | None, annotators: int) -> list[str]:
    """A workspace with a campaign, and an invitation's token for each annotator."""
    with create_workspace(folder, url) if url else create_workspace(folder) as workspace:
        photos = folder / "photos"
        photos.mkdir()
        for number in range(annotators * IMAGES_FOR_EACH):
            colour = (number % 256, (number // 256) % 256, 120)
            Image.new("RGB", (640, 480), colour).save(photos / f"{number:05d}.png")
        form = registry().get("formats", "folder")
        run_import(workspace.store, form(form.Options()), photos, dataset="made-up")
        options = CampaignOptions()
        create_campaign(workspace.database, "made-up", "load", overlap=2, blind=True, options=options)
        tokens = []
        for number in range(annotators):
            people.add_annotator(workspace.database, f"annotator {number}")
            tokens.append(people.invite(workspace.database, f"annotator {number}"))
        return tokens


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a running `vsa annotate` for a team."""
    command = [
        sys.executable, "-c", "from vsa_toolkit.cli import main; main()", "--workspace", str(folder), "annotate",
        "--campaign", "load", "--host", "127.0.0.1", "--port", "0",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(timeout=30)


async def annotate(address: str, tokens: list[str], seconds: float) -> Saves:
    saves = Saves()
    browsers = [await Browser.open(address, token) for token in tokens]
    start = time.perf_counter() + 1.0
    await asyncio.gather(
        *(work(browser, number, start, seconds, saves) for number, browser in enumerate(browsers))
    )  # fmt: skip
    saves.elapsed = time.perf_counter() - start
    for browser in browsers:
        browser.close()
    return saves


async def work(browser: Browser, number: int, start: float, seconds: float, saves: Saves) -> None:
    """One annotator: a change a second, from a moment of their own in the first one."""
    own = random.Random(number)
    told = await browser.get("/api/next")
    image, phrases = told["state"]["image"]["id"], []
    async for count in each_second(start, seconds, own, saves):
        operation = change(own, image, phrases, count, f"load-{number:03d}-{count:06d}")
        submits = operation["kind"] == "submit"
        before = time.perf_counter()
        body = {"client": f"browser-{number:03d}", "next": submits, "operations": [operation]}
        answer = await browser.post("/api/operations", body)
        (saves.turns if submits else saves.times).append(time.perf_counter() - before)
        [result] = answer["results"]
        if result["status"] != 200:
            saves.refused[f"{result['status']} {result['error']}"] += 1
        else:
            saves.acknowledged.append(operation["op_id"])
            if operation["kind"] == "add":
                phrases.append(result["phrase"]["id"])
            if operation["kind"] == "undo":
                phrases = [phrase["id"] for phrase in answer["states"][str(image)]["phrases"]]
        if submits and answer["next"]["state"] is not None:
            image, phrases = answer["next"]["state"]["image"]["id"], []


async def each_second(start: float, seconds: float, own: random.Random, saves: Saves) -> AsyncIterator[int]:
    """Count the changes of one annotator, each when its moment has come."""
    moment = start + own.random()
    for count in range(round(seconds)):
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        saves.late += time.perf_counter() - moment > 1
        yield count
        moment += 1.0


def change(own: random.Random, image: int, phrases: list[int], count: int, op_id: str) -> dict[str, object]:
    """What an annotator does next."""
    operation: dict[str, object] = {"op_id": op_id, "image": image}
    x, y = own.uniform(0, 400), own.uniform(0, 300)
    box = [x, y, own.uniform(20, 200), own.uniform(20, 150)]
    words = " ".join(own.choices(WORDS, k=4))
    if phrases and count % 8 == int(op_id[5:8]) % 8:  # not all in the same second
        return operation | {"kind": "submit"}
    kind = own.choices(("add", "edit", "move", "undo"), (6, 2, 1, 1))[0] if phrases else "add"
    if kind == "add":
        return operation | {"kind": kind, "text": words, "box": box, "seconds": own.uniform(2, 9)}
    if kind == "edit":
        return operation | {"kind": kind, "phrase": own.choice(phrases), "text": words}
    if kind == "move":
        return operation | {"kind": kind, "phrase": own.choice(phrases), "box": box}
    return operation | {"kind": kind}


class Browser:
    """One connection that is kept open, with a session's cookies. HTTP by hand: the clients should cost little."""

    def __init__(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host = host
        self.reader = reader
        self.writer = writer
        self.cookies: dict[str, str] = {}

    @classmethod
    async def open(cls, address: str, token: str) -> Browser:
        browser = await cls.connect(address)
        await browser.post("/api/session", {"token": token})
        return browser

    @classmethod
    async def connect(cls, address: str) -> Self:
        parts = urlsplit(address)
        return cls(parts.netloc, *await asyncio.open_connection(parts.hostname, parts.port))

    async def get(self, path: str) -> Any:
        return await self.ask("GET", path)

    async def post(self, path: str, body: object) -> Any:
        return await self.ask("POST", path, json.dumps(body).encode())

    def close(self) -> None:
        self.writer.close()

    async def ask(self, method: str, path: str, body: bytes = b"", media_type: str = "application/json") -> Any:
        """The answer: JSON decoded, else bytes. Raises SystemExit where it is a refusal."""
        status, headers, answer = await self.exchange(method, path, body, media_type)
        if status >= 400:
            raise SystemExit(f"{method} {path}: {status} {answer[:500]!r}")
        return json.loads(answer) if "json" in headers.get("content-type", "") else answer

    async def exchange(
        self, method: str, path: str, body: bytes, media_type: str
    ) -> tuple[int, dict[str, str], bytes]:  # fmt: skip
        """Status, headers and body of the answer."""
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Origin: http://{self.host}"]
        head += [f"Content-Type: {media_type}", f"Content-Length: {len(body)}"]
        head += ["Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items())]
        self.writer.write("\r\n".join([*head, *self.proofs(), "\r\n"]).encode() + body)
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        headers = dict(pairs)
        for cookie in (value.split(";")[0] for name, value in pairs if name == "set-cookie"):
            self.cookies.update([cookie.split("=", 1)])
        return int(first.split()[1]), headers, await self.reader.readexactly(int(headers["content-length"]))

    def proofs(self) -> list[str]:
        """Headers with which a page of the server's own shows that it is one, beside the origin."""
        return []


def report(saves: Saves, written: Counter[str]) -> None:
    """Print what the annotators saw and what was kept."""
    kept = [op_id for op_id in saves.acknowledged if op_id in written]
    twice = [op_id for op_id, times in written.items() if times > 1]
    count = len(saves.acknowledged)
    print(f"acknowledged: {count:,} changes in {saves.elapsed:.0f} s ({count / saves.elapsed:.1f} a second)")
    print(f"kept: {len(kept):,} of them, {len(twice)} twice; lost: {count - len(kept)}")
    times, turns = sorted(saves.times), sorted(saves.turns)
    shown = ", ".join(f"{share:g} %: {1000 * at(times, share / 100):.1f} ms" for share in (50, 95, 99, 100))
    print(f"a save takes {shown}; limit at 95 %: {1000 * LIMIT:.0f} ms, {at(times, 0.95) / LIMIT:.2f} of it")
    if turns:
        middle, slow = (1000 * at(turns, share) for share in (0.5, 0.95))
        print(f"a submission with the next image: median {middle:.1f} ms, 95 %: {slow:.1f} ms")
    for refusal, times_refused in saves.refused.most_common(5):
        print(f"refused {times_refused} times: {refusal}")
    if saves.late:
        print(f"{saves.late} changes were sent more than a second late: too slow for this load")


def at(values: list[float], share: float) -> float:
    """The value below which this share of the values is."""
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


@contextmanager
def _postgres() -> Iterator[str]:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.postgres_server import running_server

    with running_server(durable=True) as started:
        yield started.create()


if __name__ == "__main__":
    main()
