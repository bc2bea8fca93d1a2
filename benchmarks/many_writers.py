"""Many people annotate one dataset at once, each in a process of their own; beside it bare writers of the same rows.

    python benchmarks/many_writers.py --writers 20 --seconds 30

A writer asks the queue for an image, adds two phrases, changes one, and submits; each of these is one operation that
the database has acknowledged. In the end every acknowledged operation must be in the journal, every phrase with its
last words, and no image at two people. The bare writer inserts a region, a phrase and a journal entry in one
transaction by the database's own driver. PostgreSQL is started for the occasion, with commits that reach the disk.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from made_rows import NAME, make_dataset, new_workspace
from sqlalchemy import Engine, func, select, text

from vsa_toolkit.db.campaigns import create_campaign, find_campaign
from vsa_toolkit.db.models import Assignment, JournalEntry, Phrase
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace, open_workspace
from vsa_toolkit.errors import VsaError

IMAGES_A_SECOND = 400  # more than anybody will get through
BARE = (
    "INSERT INTO regions (region_set_id, image_id, position, x, y, width, height) VALUES (2, {image}, 0, 1, 2, 3, 4)",
    "INSERT INTO phrases (region_id, campaign_id, annotator_id, text, state, version, created_at, changed_at)"
    " SELECT max(id), 1, 1, 'a dog', 'draft', 1, '2025-01-01', '2025-01-01' FROM regions",
    "INSERT INTO journal (operation_id, kind, annotator_id, campaign_id, image_id, changes, result, created_at)"
    " VALUES ('{op}', 'add', 1, 1, {image}, '[]', '{{}}', '2025-01-01')",
)


@dataclass
class Written:
    """What one writer was told: operations with their kind, latencies in seconds, phrases with their last words."""

    operations: list[str]
    latencies: list[float]
    words: dict[int, str]
    refused: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--writers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--no-peer", action="store_true", help="leave the bare writers out")
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    chosen = parser.parse_args()
    names = ["sqlite", "postgresql"] if chosen.engine == "both" else [chosen.engine]
    rows: list[dict[str, Any]] = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder, new_workspace(name, Path(folder)) as workspace:
            rows.append(_annotate(workspace, name, chosen.writers, chosen.seconds))
            if not chosen.no_peer:
                rows.append(_bare(workspace, name, chosen.writers, chosen.seconds))
                rows[-2]["ours : bare"] = round(rows[-2]["a second"] / rows[-1]["a second"], 2)
    _print(rows, chosen.json)
    sys.exit(any(row["lost"] or row["refused"] for row in rows))


def _annotate(workspace: Workspace, engine: str, writers: int, seconds: float) -> dict[str, Any]:
    make_dataset(workspace.database, images=int(IMAGES_A_SECOND * max(seconds, 1)), sentences=0, regions=0)
    create_campaign(workspace.database, NAME, "queue", overlap=1)
    workspace.database.close()  # its connections are not for the processes that follow
    told = _in_processes(_annotator, (workspace.folder,), writers, seconds)
    lost = _lost(workspace, told)
    return _row("vsa", engine, writers, seconds, told, lost)


def _annotator(number: int, seconds: float, start: Callable[[], None], folder: Path) -> Written:
    written = Written([], [], {}, [])
    with open_workspace(folder) as workspace:
        book = PhraseBook(workspace.database)
        campaign = find_campaign(workspace.database, NAME, "queue").id
        me = book.annotator(f"writer {number}")
        start()
        end = time.monotonic() + seconds

        def do(operation: Callable[[str], Any]) -> Any:
            op_id, begun = f"{number}-{len(written.operations)}", time.perf_counter()
            try:
                answer = operation(op_id)
            except VsaError as error:
                written.refused.append(str(error))
                return None
            written.latencies.append(time.perf_counter() - begun)
            written.operations.append(op_id)
            return answer

        while time.monotonic() < end:
            image = book.next_image(campaign, me)
            assert image is not None, "the queue is empty: more images are needed"
            at = Place(campaign, me, image)
            for words in ("a dog", "a ball"):
                answer = do(lambda op_id, words=words: book.add(at, op_id, words, (5, 6, 70, 80)))  # noqa: B023
                if answer:
                    written.words[answer["phrase"]["id"]] = words
            if answer:
                phrase = answer["phrase"]["id"]
                if do(lambda op_id: book.edit(at, op_id, phrase, "a red ball")):  # noqa: B023
                    written.words[phrase] = "a red ball"
            do(lambda op_id: book.submit(at, op_id))  # noqa: B023
    return written


def _lost(workspace: Workspace, told: list[Written]) -> int:
    """Acknowledged operations and phrases that are not there, and images that went to two people."""
    operations = {op_id for written in told for op_id in written.operations}
    words = {id: text for written in told for id, text in written.words.items()}
    with workspace.database.read() as session:
        there = set(session.scalars(select(JournalEntry.operation_id)))
        phrases = {id: text for id, text in session.execute(select(Phrase.id, Phrase.text))}
        twice = select(Assignment.image_id).group_by(Assignment.image_id).having(func.count() > 1)
        shared = session.scalar(select(func.count()).select_from(twice.subquery())) or 0
    return len(operations - there) + sum(phrases.get(id) != text for id, text in words.items()) + shared


def _bare(workspace: Workspace, engine: str, writers: int, seconds: float) -> dict[str, Any]:
    workspace.database.close()
    before = _count(workspace.database.engine)
    workspace.database.close()
    url = workspace.database.engine.url.render_as_string(hide_password=False)
    told = _in_processes(_bare_writer, (url,), writers, seconds)
    written = sum(len(one.operations) for one in told)
    return _row("bare driver", engine, writers, seconds, told, before + written - _count(workspace.database.engine))


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM journal")).scalar_one()


def _bare_writer(number: int, seconds: float, start: Callable[[], None], url: str) -> Written:
    from sqlalchemy import make_url

    address = make_url(url)
    connection: Any
    if address.get_backend_name() == "sqlite":
        import sqlite3

        connection = sqlite3.connect(str(address.database), timeout=60, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        begin = "BEGIN IMMEDIATE"
    else:
        import psycopg

        address = address.set(drivername="postgresql")
        connection = psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)
        begin = "BEGIN"
    written = Written([], [], {}, [])
    start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        op_id, begun = f"bare-{number}-{len(written.operations)}", time.perf_counter()
        connection.execute(begin)
        for statement in BARE:
            connection.execute(statement.format(image=len(written.operations) % 100 + 1, op=op_id))
        connection.execute("COMMIT")
        written.latencies.append(time.perf_counter() - begun)
        written.operations.append(op_id)
    connection.close()
    return written


def _in_processes(work: Callable[..., Written], given: tuple[Any, ...], writers: int, seconds: float) -> list[Written]:
    """What each writer was told; all start at once."""
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    barrier = context.Barrier(writers)
    processes, pipes = [], []
    for number in range(writers):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_in_process, args=(work, number, seconds, barrier.wait, given, there))
        process.start()
        processes.append(process)
        pipes.append(here)
    told = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    return told


def _in_process(
    work: Callable[..., Written],
    number: int,
    seconds: float,
    start: Callable[[], None],
    given: tuple[Any, ...],
    pipe: Connection,
) -> None:
    pipe.send(work(number, seconds, start, *given))


def _row(who: str, engine: str, writers: int, seconds: float, told: list[Written], lost: int) -> dict[str, Any]:
    latencies = sorted(latency for written in told for latency in written.latencies)
    refused = [sentence for written in told for sentence in written.refused]
    if refused:
        print(refused[0], file=sys.stderr)
    return {
        "engine": engine, "writers": writers, "by": who, "operations": len(latencies),
        "a second": round(len(latencies) / seconds, 1),
        "median ms": round(1000 * statistics.median(latencies), 1),
        "99 % ms": round(1000 * latencies[int(0.99 * len(latencies))], 1),
        "slowest ms": round(1000 * latencies[-1], 1), "refused": len(refused), "lost": lost, "ours : bare": "",
    }  # fmt: skip


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows))
        return
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")


if __name__ == "__main__":
    main()
