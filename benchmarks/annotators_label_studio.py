"""The load of annotators.py on label-studio (PyPI), beside `vsa annotate`: how long a save takes, and what is kept.

    python benchmarks/annotators_label_studio.py --label-studio VENV/bin/label-studio --annotators 50 --seconds 30

Both run as they come, one after the other on the same machine: label-studio with its own server (`label-studio start`)
and SQLite. As many accounts sign up as there are annotators, each with a session's cookie. An annotator draws one box
with words a second; label-studio keeps an image's boxes in one annotation, which its page sends whole: the first save
on an image creates it, later ones replace it with one box more, and every eighth change goes on to the next image.
Regions carry the operation's id, so that its database tells afterwards what was kept. Who waits more than a second for
an answer sends the next change when it has come.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import annotators

WAIT = 180.0  # seconds for label-studio to make its database
BOXES_FOR_EACH = 8  # changes until the next image
LABELS = """<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image"><Label value="thing"/>
</RectangleLabels><TextArea name="words" toName="image" perRegion="true"/></View>"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--label-studio", type=Path, required=True, metavar="FILE", help="its command, of any venv")
    parser.add_argument("--annotators", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--port", type=int, default=18909, help="for label-studio")
    options = parser.parse_args()
    figures = []
    ours = annotators.measure(options.annotators, options.seconds)
    theirs = measure(options.label_studio, options.port, options.annotators, options.seconds)
    for name, (saves, written) in {"vsa annotate": ours, "label-studio": theirs}.items():
        print(f"\n{name}, {options.annotators} annotators")
        annotators.report(saves, written)
        figures.append([annotators.at(saves.times, share) for share in (0.5, 0.95)])
    (middle, slow), (their_middle, their_slow) = figures
    print(f"\nlabel-studio : vsa, time of a save: median {their_middle / middle:.1f}, 95 %: {their_slow / slow:.1f}")


def measure(program: Path, port: int, people: int, seconds: float) -> tuple[annotators.Saves, Counter[str]]:
    """What the annotators of label-studio saw, and how often each operation is in its database afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        with server(program, port, Path(folder)) as address:
            saves = asyncio.run(annotate(address, people, seconds))
        with closing(sqlite3.connect(Path(folder) / "label_studio.sqlite3")) as database:
            results = database.execute("SELECT result FROM task_completion").fetchall()
    return saves, Counter(
        region["id"] for (kept,) in results for region in json.loads(kept) if region["type"] == "rectanglelabels"
    )


@contextmanager
def server(program: Path, port: int, folder: Path) -> Iterator[str]:
    """The address of a running label-studio with an empty database."""
    command = [program, "start", "--no-browser", "--port", str(port), "--data-dir", folder, "--log-level", "ERROR"]
    quiet = {"COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false"}
    log = (folder / "log").open("w")
    with log, subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | quiet) as process:
        try:
            deadline = time.monotonic() + WAIT
            while not _answers(f"http://127.0.0.1:{port}/health"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"label-studio does not start:\n{(folder / 'log').read_text()[-2000:]}")
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):
            return True
    except (URLError, OSError):
        return False


class Account(annotators.Browser):
    """One person's connection to label-studio."""

    def proofs(self) -> list[str]:
        return [f"X-CSRFToken: {self.cookies['csrftoken']}"] if "csrftoken" in self.cookies else []

    async def sign_up(self, number: int) -> None:
        await self.get("/user/signup/")
        form = {"email": f"annotator{number}@example.org", "password": f"password-{number:04d}"}
        await self.ask("POST", "/user/signup/", urlencode(form).encode(), "application/x-www-form-urlencoded")

    async def save(self, task: int, annotation: int | None, regions: list[dict]) -> tuple[int, int | None]:
        """The status of the answer, and the annotation's number."""
        body = json.dumps({"result": regions, "lead_time": 1.0}).encode()
        method, path = ("POST", f"/api/tasks/{task}/annotations/") if annotation is None else (
            "PATCH", f"/api/annotations/{annotation}/"
        )  # fmt: skip
        status, _, answer = await self.exchange(method, path, body, "application/json")
        return status, json.loads(answer)["id"] if status < 300 else annotation


async def annotate(address: str, people: int, seconds: float) -> annotators.Saves:
    saves = annotators.Saves()
    accounts = [await Account.connect(address) for _ in range(people)]
    for number, account in enumerate(accounts):
        await account.sign_up(number)
    owner = accounts[0]
    project = (await owner.post("/api/projects/", {"title": "load", "label_config": LABELS}))["id"]
    pictures = [
        {"data": {"image": f"/static/{at}.png"}} for at in range(people * annotators.IMAGES_FOR_EACH)
    ]  # fmt: skip
    await owner.post(f"/api/projects/{project}/import", pictures)
    listed = await owner.get(f"/api/tasks?project={project}&page_size={len(pictures)}")
    tasks = [task["id"] for task in listed["tasks"]]
    start = time.perf_counter() + 1.0
    turns = (work(each, at, tasks[at::people], start, seconds, saves) for at, each in enumerate(accounts))
    await asyncio.gather(*turns)
    saves.elapsed = time.perf_counter() - start
    for account in accounts:
        account.close()
    return saves


async def work(
    account: Account, number: int, tasks: list[int], start: float, seconds: float, saves: annotators.Saves
) -> None:
    """One annotator: a box with words a second."""
    own = random.Random(number)
    annotation: int | None = None
    regions: list[dict] = []
    async for count in annotators.each_second(start, seconds, own, saves):
        image = count // BOXES_FOR_EACH % len(tasks)
        if count % BOXES_FOR_EACH == 0:
            annotation, regions = None, []
        op_id = f"load-{number:03d}-{count:06d}"
        more = region(own, op_id)
        before = time.perf_counter()
        status, annotation = await account.save(tasks[image], annotation, regions + more)
        saves.times.append(time.perf_counter() - before)
        if status < 300:
            regions += more
            saves.acknowledged.append(op_id)
        else:
            saves.refused[str(status)] += 1


def region(own: random.Random, name: str) -> list[dict]:
    """A box and its words, as label-studio's page sends them: two results with one id; sides in percent."""
    about = {"id": name, "to_name": "image", "original_width": 640, "original_height": 480, "image_rotation": 0}
    box = {"x": own.uniform(0, 60), "y": own.uniform(0, 60), "width": own.uniform(3, 30), "height": own.uniform(3, 30)}
    words = " ".join(own.choices(annotators.WORDS, k=4))
    return [
        about | {"from_name": "box", "type": "rectanglelabels", "value": box | {"rectanglelabels": ["thing"]}},
        about | {"from_name": "words", "type": "textarea", "value": box | {"text": [words]}},
    ]


if __name__ == "__main__":
    main()
