"""`vsa release`: a dataset or a campaign as it is now, in `releases/NAME/` of the workspace, for good.

All of it is one snapshot of the database. Names of people do not leave it: a pseudonym is made from the name and a key
that the first release draws and the database keeps, so that nobody can try names out.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from vsa_toolkit import __version__
from vsa_toolkit.claim import claim
from vsa_toolkit.errors import DataError, UserError, did_you_mean
from vsa_toolkit.records import ImageBundle
from vsa_toolkit.release import MANIFEST, About, Part, ReleaseWriter, read_manifest
from vsa_toolkit.release_card import data_card
from vsa_toolkit.store import Selection

from .base import now
from .datasets import FINISHED, dataset_name, dataset_row, splits
from .engine import Database
from .exports import COLLECTED, count_selected, read_selected
from .folders import sync_files, sync_folder
from .models import Campaign, Dataset, Image, Import, Phrase, Region, RegionSet, Release
from .people_read import COUNTED, read_collected
from .region_sets import FRAME
from .releases import note_release, pseudonym_key
from .splits import read_split

Progress = Callable[..., None]


@dataclass(frozen=True)
class Released:
    """A release that was made: its folder, digest and figures, and the parts whose licence nobody stated."""

    name: str
    folder: Path
    digest: str
    figures: dict[str, Any]
    unlicensed: tuple[str, ...]


def make_release(
    database: Database,
    workspace: Path,
    name: str,
    *,
    dataset: str | None = None,
    campaign: str | None = None,
    licences: Mapping[str, str] | None = None,
    sources: Mapping[str, str] | None = None,
    description: str = "",
    progress: Progress = lambda done, total: None,
) -> Released:
    """Release a dataset, or with `campaign` what it collected: its regions, its phrases and the images that have any.

    `licences`, `sources`: by the name of a part; "" stands for all that are not named. `description`: markdown for its
    card.

    Raises:
        UserError: the name is taken or cannot be a folder's, or something that is named is not there.
        DataError: there is nothing to release.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", name, re.ASCII):
        raise UserError(f"{name!r} cannot name a release: letters, digits, '.', '-' and '_', as in flickr-regions-1.0.")
    folder, place = workspace / "releases" / name, workspace / "releases" / f".{name}.part"
    with claim(place, f"release {name!r}"):
        try:
            with database.read() as session:
                if session.scalars(select(Release.id).where(Release.name == name)).first() is not None:
                    raise UserError(
                        f"there is a release {name!r} already, and releases do not change: give another name."
                    )
                _remove_unnoted(folder, name)
                row = dataset_row(session, dataset_name(session, dataset))
                made = _Making(session, workspace, row, campaign, dict(licences or {}), dict(sources or {}))
                digest, figures, about = made.write(_fresh(place), name, description, progress)
            sync_files(place / "files")
            (place / "files").rename(folder)
            sync_folder(folder.parent)
            note_release(database, made.row(about, digest, figures))
        finally:
            shutil.rmtree(place, ignore_errors=True)
    unlicensed = tuple(part.name for part in about.parts if part.licence is None)
    return Released(name, folder, digest, figures, unlicensed)


def _remove_unnoted(folder: Path, name: str) -> None:
    """Remove the files of a release that was killed before its row was written; nothing else."""
    if not folder.exists():
        return
    if not (folder / MANIFEST).is_file() or read_manifest(folder).get("name") != name:
        raise UserError(f"{folder} is there already: move it away, or give another name.")
    shutil.rmtree(folder)


def _fresh(place: Path) -> Path:
    files = place / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    return files


class _Making:
    """One release, read in one session."""

    def __init__(
        self, session: Session, workspace: Path, dataset: Dataset, campaign: str | None, licences: dict[str, str],
        sources: dict[str, str],
    ) -> None:  # fmt: skip
        self._session = session
        self._workspace = workspace
        self._dataset = dataset
        self._campaign = _campaign(session, dataset, campaign) if campaign is not None else None
        self._licences = licences
        self._sources = sources
        self._key = pseudonym_key(session)
        self._private = self._phrase_fingerprints()

    def row(self, about: About, digest: str, figures: dict[str, Any]) -> Release:
        return Release(
            name=about.name, dataset_id=self._dataset.id, campaign_id=self._campaign.id if self._campaign else None,
            digest=digest, fingerprints=about.fingerprints | self._private, summary=figures, pseudonym_key=self._key,
        )  # fmt: skip

    def write(self, folder: Path, name: str, description: str, progress: Progress) -> tuple[str, dict[str, Any], About]:
        parts = self._parts()
        fingerprints = self._fingerprints()
        writer = ReleaseWriter(folder, self._pseudonym)
        try:
            for bundle, sha256, size in self._images(progress):
                writer.add(bundle, sha256, size)
        finally:
            writer.close()
        if not writer.counts.images:
            what = f"campaign {self._campaign.name!r} has no submitted phrase" if self._campaign else "it has no image"
            raise DataError(f"there is nothing of dataset {self._dataset.name!r} to release: {what}.")
        about = About(
            name, self._dataset.name, self._campaign.name if self._campaign else None,
            now().isoformat(timespec="seconds"), __version__, parts, fingerprints, tuple(self._how()),
            description,
        )  # fmt: skip
        return writer.finish(about, data_card(about, writer.counts)), writer.counts.figures(), about

    def _images(self, progress: Progress) -> Iterator[tuple[ImageBundle, str, int | None]]:
        session, campaign = self._session, self._campaign
        selection = Selection(
            self._dataset.name, region_sets=self._region_sets(), campaign=campaign.name if campaign else None
        )
        total = count_selected(session, selection)
        facts = session.execute(
            select(Image.key, Image.sha256, Image.bytes)
            .where(Image.dataset_id == self._dataset.id, Image.import_id.in_(FINISHED))
            .order_by(Image.id)
            .execution_options(yield_per=1000)
        )
        bundles = read_selected(session, selection)
        for done, (bundle, (key, sha256, size)) in enumerate(zip(bundles, facts, strict=True), start=1):
            assert bundle.key == key
            if campaign is None:
                yield bundle, sha256, size
            elif bundle.phrases:
                yield _described(bundle), sha256, size
            progress(done, total)

    def _region_sets(self) -> tuple[str, ...]:
        """Those that people and imports made, and those that phrases are on."""
        with_phrases = select(Region.region_set_id).join(Phrase, Phrase.region_id == Region.id)
        if self._campaign is not None:
            with_phrases = with_phrases.where(Phrase.campaign_id == self._campaign.id)
        kinds = COLLECTED if self._campaign is None else ()
        names = select(RegionSet.name).where(
            RegionSet.dataset_id == self._dataset.id, RegionSet.state == "finished",
            or_(RegionSet.kind.in_(kinds), RegionSet.id.in_(with_phrases)),
        )  # fmt: skip
        return tuple(self._session.scalars(names.order_by(RegionSet.id)))

    def _fingerprints(self) -> dict[str, str]:
        """Of each split with its whole photos: a run over it, with any regions, used this data."""
        if self._campaign is not None:
            return {}
        session, dataset = self._session, self._dataset
        return {
            split: read_split(session, dataset.name, split, FRAME, self._workspace).fingerprint
            for split in splits(session, dataset.id)
            if split is not None
        }

    def _phrase_fingerprints(self) -> dict[str, str]:
        """Of what each campaign collected on each split. They are made of names, so they stay in the database."""
        session, dataset = self._session, self._dataset
        found = {}
        for campaign in [self._campaign] if self._campaign else _campaigns(session, dataset):
            for split in splits(session, dataset.id):
                if split is not None:
                    collected = read_collected(session, dataset.name, split, campaign.name, self._workspace)
                    if collected.phrases:
                        found[f"{campaign.name}/{split}"] = collected.fingerprint
        return found

    def _parts(self) -> tuple[Part, ...]:
        """The imports (for a campaign those that brought photos) and the campaigns."""
        found = []
        for row in self._session.scalars(
            select(Import).where(Import.dataset_id == self._dataset.id, Import.state == "finished").order_by(Import.id)
        ):
            brought = {what: count for what, count in row.summary.get("added", {}).items() if count}
            if self._campaign is None or brought.get("images"):
                found.append((row.format, "import", brought, Path(row.source).name))
        for campaign in [self._campaign] if self._campaign else _campaigns(self._session, self._dataset):
            said = select(func.count(Phrase.id)).where(
                Phrase.campaign_id == campaign.id, Phrase.state.in_(COUNTED), Phrase.import_id.is_(None)
            )
            if count := self._session.scalar(said) or 0:
                found.append((campaign.name, "campaign", {"phrases": count}, "collected with vsa"))
        names = _apart([name for name, *_ in found])
        for given in (*self._licences, *self._sources):
            if given and given not in names:
                raise UserError(f"the release has no part {given!r}{did_you_mean(given, names)}")
        return tuple(
            Part(name, kind, brought, self._sources.get(name, source), self._licences.get(name, self._licences.get("")))
            for name, (_, kind, brought, source) in zip(names, found, strict=True)
        )

    def _how(self) -> Iterator[str]:
        """A paragraph a campaign."""
        for campaign in [self._campaign] if self._campaign else _campaigns(self._session, self._dataset):
            written = select(Phrase.created_at).where(Phrase.campaign_id == campaign.id)
            first = self._session.scalars(written.order_by(Phrase.created_at).limit(1)).one_or_none()
            last = self._session.scalars(written.order_by(Phrase.created_at.desc()).limit(1)).one_or_none()
            if first is None or last is None:
                continue
            whom = "Every annotator" if campaign.overlap is None else f"{campaign.overlap} annotators"
            verb = "gets" if campaign.overlap is None else "get"
            sight = "does not see" if campaign.blind else "may see"
            yield (
                f"Campaign `{campaign.name}`, {first:%Y-%m-%d} to {last:%Y-%m-%d}. {whom} {verb} each image; who"
                f" describes it {sight} what others wrote."
            )
            if campaign.guidelines:
                yield "\n" + "\n".join(f"> {line}" for line in campaign.guidelines.splitlines())

    def _pseudonym(self, name: str) -> str:
        digest = hmac.new(bytes.fromhex(self._key), name.encode(), hashlib.sha256).hexdigest()
        return f"annotator-{digest[:10]}"


def _described(bundle: ImageBundle) -> ImageBundle:
    """An image of a campaign: its photo, the regions that were described, the phrases."""
    described = {phrase.region for phrase in bundle.phrases}
    regions = tuple(region for region in bundle.regions if region.key in described)
    return replace(bundle, regions=regions, sentences=(), groundings=())


def _campaign(session: Session, dataset: Dataset, name: str) -> Campaign:
    known = {campaign.name: campaign for campaign in _campaigns(session, dataset)}
    if name not in known:
        raise UserError(f"dataset {dataset.name!r} has no campaign {name!r}{did_you_mean(name, known)}")
    return known[name]


def _campaigns(session: Session, dataset: Dataset) -> Sequence[Campaign]:
    return session.scalars(select(Campaign).where(Campaign.dataset_id == dataset.id).order_by(Campaign.id)).all()


def _apart(names: Sequence[str]) -> list[str]:
    """Names with a number behind those that came before."""
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        seen[name] += 1
        apart.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return apart
