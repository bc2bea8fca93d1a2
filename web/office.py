"""What the routes of one server share: a workspace, a campaign, and a desk for each person who comes."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

from vsa_toolkit.db.campaigns import CampaignInfo, open_campaign
from vsa_toolkit.db.people import Person
from vsa_toolkit.db.phrases import PhraseBook
from vsa_toolkit.db.workspace import Workspace

from .desk import Desk
from .guard import LARGEST_BODY
from .operations import LONGEST_PHRASE, LONGEST_REASON, MOST_OPERATIONS


def open_office(
    workspace: Workspace, dataset: str | None = None, campaign: str | None = None, split: str | None = None
) -> Office:
    """A server's office for a campaign (None: the dataset's default one).

    Raises:
        UserError: there is no such dataset, campaign or split, or there are several datasets.
    """
    name = workspace.store.dataset_name(dataset)
    office = Office(workspace, open_campaign(workspace.database, name, campaign), split)
    office.check()
    return office


class Office:
    """Hands out desks. Its methods are called from many threads."""

    def __init__(self, workspace: Workspace, campaign: CampaignInfo, split: str | None = None) -> None:
        self.workspace = workspace
        self.campaign = campaign
        self.split = split or campaign.options.split
        self.book = PhraseBook(workspace.database)
        self._desks: dict[int, Desk] = {}
        self._lock = threading.Lock()

    @property
    def dataset(self) -> str:
        return self.campaign.dataset

    def check(self) -> None:
        """Raises UserError where the split is none of the dataset's: said now, not in the browser."""
        self.book.with_split(self.campaign.id, self.split)

    def desk(self, person: Person) -> Desk:
        """The desk of a person, the same as long as the server runs."""
        with self._lock:
            found = self._desks.get(person.id)
            if found is None:
                found = self._desks[person.id] = Desk(self.workspace, self.book, self.campaign, self.split, person)
            return found

    def session(self, person: Person) -> dict[str, Any]:
        """Who is here and what the campaign asks, as JSON."""
        campaign, options = self.campaign, self.campaign.options
        return {
            "annotator": {"name": person.name, "role": person.role},
            "scope": self.scope(person),
            "dataset": self.dataset,
            "split": self.split,
            "campaign": {
                "name": campaign.name,
                "blind": campaign.blind,
                "overlap": campaign.overlap,
                "guidelines": campaign.guidelines,
                "phrases_per_image": options.phrases_per_image,
                "suggest": {
                    "boxes": "boxes" in options.suggest,
                    "phrases": "phrases" in options.suggest,
                    "when": options.suggest_when if options.suggest else "never",
                },
                "practice": (
                    {"images": len(options.practice), "pass_mark": options.pass_mark} if options.practice else None
                ),
            },
            "limits": {
                "phrase": LONGEST_PHRASE, "reason": LONGEST_REASON, "operations": MOST_OPERATIONS,
                "bytes": LARGEST_BODY,
            },
        }  # fmt: skip

    def scope(self, person: Person) -> str:
        """Whose unsaved changes a browser keeps: never sent to another workspace or under another name."""
        place = f"{self.workspace.folder}\n{self.campaign.id}\n{person.id}"
        return hashlib.sha256(place.encode()).hexdigest()[:16]
