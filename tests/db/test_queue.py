"""The queue: who gets which image, and that none goes to more people than asked."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from vsa_toolkit.db import assigning, people, queue
from vsa_toolkit.db.base import now
from vsa_toolkit.db.campaigns import CampaignInfo, CampaignOptions, create_campaign
from vsa_toolkit.db.engine import Database
from vsa_toolkit.db.journal import Conflict
from vsa_toolkit.db.models import Assignment
from vsa_toolkit.db.phrases import PhraseBook, Place
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import UserError

BOX = (2.0, 3.0, 10.0, 12.0)


class Team:
    """A campaign on the six photos of "made" and the people in it."""

    def __init__(self, database: Database, overlap: int, **options: object) -> None:
        self.database = database
        self.book = PhraseBook(database)
        self.campaign: CampaignInfo = create_campaign(
            database, "made", "pilot", overlap=overlap, options=CampaignOptions(**options)  # type: ignore[arg-type]
        )  # fmt: skip
        self._numbers = itertools.count()
        self._ids: dict[str, int] = {}

    def person(self, name: str) -> int:
        if name not in self._ids:
            self._ids[name] = people.annotator(self.database, name).id
        return self._ids[name]

    def place(self, name: str, image: int) -> Place:
        return Place(self.campaign.id, self.person(name), image)

    def next(self, name: str) -> int | None:
        return queue.next_image(self.database, self.campaign, self.person(name))

    def submit(self, name: str, image: int) -> None:
        self.book.submit(self.place(name, image), self.op())

    def skip(self, name: str, image: int) -> None:
        self.book.skip(self.place(name, image), self.op(), "too dark")

    def op(self) -> str:
        return f"operation-{next(self._numbers)}"

    def silent_for(self, name: str, hours: float) -> None:
        """As if the annotator had not touched anything for so long."""
        with self.database.write() as session:
            session.execute(
                update(Assignment)
                .where(Assignment.annotator_id == self.person(name))
                .values(changed_at=now() - timedelta(hours=hours), created_at=now() - timedelta(hours=hours))
            )

    def holders(self) -> Counter[int]:
        """How many people each image is with."""
        with self.database.read() as session:
            held = select(Assignment.image_id).where(Assignment.state.in_(("open", "submitted")))
            return Counter(session.scalars(held))


@pytest.fixture
def team(filled: Workspace) -> Callable[..., Team]:
    return lambda overlap, **options: Team(filled.database, overlap, **options)


def test_asking_again_gives_the_same_image(team: Callable[..., Team]) -> None:
    pilot = team(2)
    assert pilot.next("ann") == pilot.next("ann") == 1


def test_an_image_goes_to_as_many_people_as_asked_and_no_more(team: Callable[..., Team]) -> None:
    pilot = team(2)
    assert [pilot.next(name) for name in ("ann", "ben", "cat", "dan", "eve")] == [1, 1, 2, 2, 3]


def test_all_images_are_done_when_each_has_its_people(team: Callable[..., Team]) -> None:
    pilot = team(2, split="train")
    done = []
    for name in itertools.cycle(("ann", "ben", "cat")):
        image = pilot.next(name)
        if image is None and len(done) == 8:
            break
        if image is not None:
            pilot.submit(name, image)
            done.append((name, image))
    assert len(set(done)) == 8
    assert pilot.holders() == {1: 2, 2: 2, 3: 2, 4: 2}
    assert not queue.others_hold(pilot.database, pilot.campaign, pilot.person("ann"))


def test_what_somebody_else_holds_may_come_back(team: Callable[..., Team]) -> None:
    pilot = team(1, split="val")
    [image] = [pilot.next("ann")]
    assert pilot.next("ben") is None
    assert queue.others_hold(pilot.database, pilot.campaign, pilot.person("ben"))
    assert image is not None
    pilot.submit("ann", image)
    assert not queue.others_hold(pilot.database, pilot.campaign, pilot.person("ben"))


def test_a_skipped_image_goes_to_somebody_else_until_as_many_skipped_it(team: Callable[..., Team]) -> None:
    pilot = team(2, split="val")
    [image] = [pilot.next("ann")]
    assert image is not None
    pilot.skip("ann", image)
    assert pilot.next("ann") is None
    assert pilot.next("ben") == image
    pilot.skip("ben", image)
    assert pilot.next("cat") is None


def test_a_skip_can_be_undone_as_long_as_the_image_is_free(team: Callable[..., Team]) -> None:
    pilot = team(1)
    assert pilot.next("ann") == 1
    pilot.skip("ann", 1)
    pilot.book.undo(pilot.place("ann", 1), pilot.op())
    assert pilot.next("ben") == 2


def test_a_skip_cannot_be_undone_where_somebody_else_has_the_image_by_now(team: Callable[..., Team]) -> None:
    pilot = team(2, split="val")
    image = pilot.next("ann")
    assert image is not None
    assert pilot.next("ben") == image
    pilot.skip("ann", image)
    assert pilot.next("cat") == image
    with pytest.raises(Conflict, match="gone to somebody else"):
        pilot.book.undo(pilot.place("ann", image), pilot.op())
    with pytest.raises(Conflict, match="gone to somebody else"):
        pilot.submit("ann", image)
    assert pilot.holders() == {image: 2}


def test_an_image_that_was_left_alone_for_too_long_goes_to_somebody_else(team: Callable[..., Team]) -> None:
    pilot = team(1, split="val", return_hours=24.0)
    image = pilot.next("ann")
    assert image is not None
    pilot.silent_for("ann", 23)
    assert pilot.next("ben") is None
    pilot.silent_for("ann", 25)
    assert pilot.next("ben") == image
    assert pilot.book.assignment(pilot.place("ann", image)) == "released"
    with pytest.raises(Conflict, match="kept as drafts"):
        pilot.book.add(pilot.place("ann", image), pilot.op(), "a dog", BOX)


def test_who_comes_back_before_anybody_took_their_image_goes_on_with_it(team: Callable[..., Team]) -> None:
    pilot = team(1, return_hours=24.0)
    assert pilot.next("ann") == 1
    pilot.silent_for("ann", 100)
    assert pilot.next("ann") == 1
    pilot.book.add(pilot.place("ann", 1), pilot.op(), "a dog", BOX)
    assert pilot.next("ben") == 2


def test_who_comes_back_has_their_time_once_more(team: Callable[..., Team]) -> None:
    pilot = team(1, split="val", return_hours=24.0)
    image = pilot.next("ann")
    pilot.silent_for("ann", 25)
    assert pilot.next("ann") == image
    assert pilot.next("ben") is None


def test_what_was_kept_and_released_is_handed_out_like_any_other(team: Callable[..., Team]) -> None:
    pilot = team(1, split="val", return_hours=24.0)
    [image] = assigning.free_images(pilot.database, pilot.campaign, pilot.person("ann"), 5)
    assigning.assign(pilot.database, pilot.campaign, pilot.person("ann"), [image])
    assigning.release(pilot.database, pilot.campaign, pilot.person("ann"))
    assert pilot.next("ann") == image
    pilot.silent_for("ann", 25)
    assert pilot.next("ben") == image


def test_what_was_kept_by_name_does_not_go_to_others_by_itself(team: Callable[..., Team]) -> None:
    pilot = team(1, split="train")
    assert assigning.assign(pilot.database, pilot.campaign, pilot.person("ann"), [1, 2]) == (2, [])
    assert assigning.assign(pilot.database, pilot.campaign, pilot.person("ann"), [2, 3]) == (1, [])
    pilot.silent_for("ann", 1000)
    assert [pilot.next(name) for name in ("ben", "ann")] == [4, 1]
    assert assigning.assign(pilot.database, pilot.campaign, pilot.person("cat"), [1, 4]) == (0, [1, 4])
    assert assigning.release(pilot.database, pilot.campaign, pilot.person("ann")) == 3
    assert pilot.next("cat") == 1


def test_what_was_begun_comes_before_what_was_only_kept(team: Callable[..., Team]) -> None:
    pilot = team(1, split="train")
    assigning.assign(pilot.database, pilot.campaign, pilot.person("ann"), [1, 2, 3])
    pilot.book.add(pilot.place("ann", 2), pilot.op(), "a dog", BOX)
    assert pilot.next("ann") == 2
    pilot.submit("ann", 2)
    assert pilot.next("ann") == 1


def test_images_of_elsewhere_are_not_assigned(team: Callable[..., Team]) -> None:
    pilot = team(1, split="train")
    with pytest.raises(UserError, match="has no image 99"):
        assigning.assign(pilot.database, pilot.campaign, pilot.person("ann"), [1, 99])
    with pytest.raises(UserError, match="has no image 5"):  # of another split
        assigning.assign(pilot.database, pilot.campaign, pilot.person("ann"), [5])
    assert pilot.holders() == {}


def test_who_leaves_gives_back_what_they_had_not_submitted(team: Callable[..., Team]) -> None:
    pilot = team(1)
    assert pilot.next("ann") == 1
    pilot.submit("ann", 1)
    assert pilot.next("ann") == 2
    pilot.book.add(pilot.place("ann", 2), pilot.op(), "a dog", BOX)
    assert people.leave(pilot.database, "ann") == 1
    assert pilot.next("ben") == 2
    assert [phrase.text for phrase in pilot.book.phrases(pilot.place("ann", 2))] == [
        "a dog"
    ]  # a draft, which counts not


def test_nobody_writes_on_an_image_that_was_not_handed_to_them(team: Callable[..., Team]) -> None:
    pilot = team(1)
    with pytest.raises(UserError, match="was not handed to you"):
        pilot.book.add(pilot.place("ann", 1), pilot.op(), "a dog", BOX)
    with pytest.raises(UserError, match="was not handed to you"):
        pilot.submit("ann", 1)
    assert pilot.holders() == {}


def test_progress_counts_what_is_done_and_what_is_left_for_oneself(team: Callable[..., Team]) -> None:
    pilot = team(1, split="train")

    def counts(name: str) -> dict[str, int]:
        return queue.progress(pilot.database, pilot.campaign, pilot.person(name))

    assert counts("ann") == {"done": 0, "total": 4}
    assert pilot.next("ann") == 1
    assert (counts("ann"), counts("ben")) == ({"done": 0, "total": 4}, {"done": 0, "total": 3})
    pilot.submit("ann", 1)
    assert (counts("ann"), counts("ben")) == ({"done": 1, "total": 4}, {"done": 0, "total": 3})


@pytest.mark.parametrize("overlap", [1, 2])
def test_many_who_ask_at_once_never_get_one_image_too_often(team: Callable[..., Team], overlap: int) -> None:
    pilot = team(overlap)
    names = [f"person {number}" for number in range(8)]
    got: list[tuple[str, int | None]] = []
    start = threading.Barrier(len(names))

    def work(name: str) -> None:
        database = Database(pilot.database.engine.url)
        person = people.annotator(database, name).id
        book = PhraseBook(database)
        start.wait(timeout=30)
        for turn in range(3):
            image = queue.next_image(database, pilot.campaign, person)
            got.append((name, image))
            if image is not None and turn < 2:
                book.submit(Place(pilot.campaign.id, person, image), f"{name.replace(' ', '-')}-{turn}")
        database.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    holders = pilot.holders()
    assert len(got) == 24
    assert holders == {image: overlap for image in range(1, 7)}  # all are taken, none too often


def test_whatever_people_do_no_image_is_with_more_than_asked(team: Callable[..., Team]) -> None:
    """A long walk of random acts; what is allowed is never more than the overlap."""
    from random import Random

    pilot = team(2, split="train", return_hours=24.0)
    random = Random(7)
    names = ("ann", "ben", "cat", "dan")
    done: Counter[str] = Counter()
    undone: list[tuple[str, int]] = []
    for _ in range(250):
        name, act = random.choice(names), random.choice(("next", "submit", "skip", "undo", "redo", "silent", "add"))
        image = random.randint(1, 4)
        if act == "redo" and undone:
            name, image = undone.pop()
        at = pilot.place(name, image)
        try:
            match act:
                case "next":
                    pilot.next(name)
                case "submit":
                    pilot.submit(name, image)
                case "skip":
                    pilot.skip(name, image)
                case "undo":
                    pilot.book.undo(at, pilot.op())
                    undone.append((name, image))
                case "redo":
                    pilot.book.redo(at, pilot.op())
                case "silent":
                    pilot.silent_for(name, 30)
                case "add":
                    pilot.book.add(at, pilot.op(), "a dog", BOX)
            done[act] += 1
        except (UserError, Conflict):
            pass
        assert max(pilot.holders().values(), default=0) <= 2
    assert {act for act, times in done.items() if times} >= {"next", "submit", "skip", "undo", "redo", "add"}
