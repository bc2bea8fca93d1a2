"""The releases that there are: listed, cited by what they hold, compared with their files."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.release import MANIFEST, check_release, release_digest

from .engine import Database, take_turns
from .finding import Finding
from .models import Campaign, Dataset, Release

CITED = 12  # digits of a digest


def list_releases(database: Database) -> list[dict[str, Any]]:
    """Flat rows, the oldest first."""
    chosen = (
        select(Release, Dataset.name, Campaign.name)
        .join(Dataset, Dataset.id == Release.dataset_id)
        .outerjoin(Campaign, Campaign.id == Release.campaign_id)
        .order_by(Release.id)
    )
    with database.read() as session:
        return [
            {
                "release": row.name, "dataset": dataset, "campaign": campaign, "digest": row.digest[:CITED],
                **{what: row.summary.get(what) for what in ("images", "regions", "phrases", "annotators")},
                "created": row.created_at.date().isoformat(),
            }
            for row, dataset, campaign in session.execute(chosen)
        ]  # fmt: skip


def cited_releases(session: Session, dataset: str) -> dict[str, str]:
    """`name@digest` of the release that has the data of a fingerprint, by the fingerprint; of several the newest."""
    rows = session.execute(
        select(Release.name, Release.digest, Release.fingerprints)
        .join(Dataset, Dataset.id == Release.dataset_id)
        .where(Dataset.name == dataset)
        .order_by(Release.id)
    )
    return {
        fingerprint: f"{name}@{digest[:CITED]}"
        for name, digest, fingerprints in rows
        for fingerprint in fingerprints.values()
    }


def changed_releases(database: Database, workspace: Path) -> Iterator[Finding]:
    """Releases whose files are not what was released. One of another workspace on the same database is not here."""
    shared = database.engine.dialect.name != "sqlite"
    with database.read() as session:
        known = session.execute(select(Release.name, Release.digest).order_by(Release.id)).all()
    for name, digest in known:
        folder = workspace / "releases" / name
        if not folder.is_dir():
            if not shared:
                yield Finding(
                    "release missing", str(folder), "put it back from a backup, or from where it was published"
                )
            continue
        try:
            wrong = check_release(folder)
            if not wrong and release_digest(folder) != digest:
                wrong = [f"{MANIFEST} is not the one that was released."]
        except (UserError, DataError) as error:
            wrong = [str(error)]
        for sentence in wrong:
            yield Finding("release changed", str(folder), sentence)


def pseudonym_key(session: Session) -> str:
    """That of the first release, or a new one."""
    first = session.scalars(select(Release.pseudonym_key).order_by(Release.id).limit(1)).one_or_none()
    return first or secrets.token_hex(32)


def note_release(database: Database, row: Release) -> None:
    """The row of a release whose files are there.

    Raises:
        UserError: another release was made meanwhile, with another key for pseudonyms, or of the same name.
    """
    with database.write() as session:
        take_turns(session, "releases")
        taken = session.scalars(select(Release.id).where(Release.name == row.name)).first() is not None
        others_key = session.scalars(select(Release.pseudonym_key).order_by(Release.id).limit(1)).one_or_none()
        if taken or others_key not in (None, row.pseudonym_key):
            raise UserError("another release was made at the same time: run the command again.")
        session.add(row)
