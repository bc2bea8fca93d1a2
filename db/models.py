"""The tables. Rows are the truth; the journal is their audit; arrays are files that the rows name by digest.

Boxes are float pixels of the image on disk, EXIF applied: x, y, width, height, origin top left, half-open.
Everything that an import, a proposer or a run adds names the row that brought it; readers see finished ones only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, now, one_of

WORK_STATES = ("running", "finished", "failed")
ROLES = ("annotator", "reviewer", "owner")
NUMBERED = {"sqlite_autoincrement": True}  # people quote these numbers: one is never given twice


class Dataset(Base):
    """Photos below one root (absolute, or relative to the workspace), with splits that belong to the dataset."""

    __tablename__ = "datasets"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    format: Mapped[str]
    root: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Import(Base):
    """One import. Its rows carry its id and are seen once it has finished; the same command resumes it."""

    __tablename__ = "imports"
    __table_args__ = (one_of("state", *WORK_STATES), NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    format: Mapped[str]
    source: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="running")
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class Image(Base):
    """A photo: its key in the dataset, its path below the dataset's root, its content and sizes.

    bytes: of the file; None where an older vsa imported it. width, height: pixels on disk. frame_width, frame_height:
    the photo before its file was resized, where known.
    """

    __tablename__ = "images"
    __table_args__ = (
        UniqueConstraint("dataset_id", "key"),
        Index(None, "dataset_id", "split"),
        CheckConstraint("width > 0 AND height > 0", name="size"),
        CheckConstraint("(frame_width IS NULL) = (frame_height IS NULL)", name="frame"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    key: Mapped[str]
    split: Mapped[str | None]
    path: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    frame_width: Mapped[int | None]
    frame_height: Mapped[int | None]


class Sentence(Base):
    """A person's description of a whole image; `number` counts within the image as the source does."""

    __tablename__ = "sentences"
    __table_args__ = (UniqueConstraint("image_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    number: Mapped[int]
    text: Mapped[str]


class RegionSet(Base):
    """Where regions come from: the frame, a proposer with its options, an import, a campaign."""

    __tablename__ = "region_sets"
    __table_args__ = (
        UniqueConstraint("dataset_id", "name"),
        one_of("kind", "frame", "proposer", "import", "campaign"),
        one_of("state", *WORK_STATES),
        NUMBERED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"), index=True)
    name: Mapped[str]
    kind: Mapped[str]
    proposer: Mapped[str | None]
    provenance: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="running")
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class RegionSetImage(Base):
    """An image that a region set has done; it may have found no region there."""

    __tablename__ = "region_set_images"

    region_set_id: Mapped[int] = mapped_column(ForeignKey("region_sets.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True, index=True)


class Region(Base):
    """A box on an image. Never updated: an edited box is a new row whose `replaces_id` is the old one.

    `key`: the source's own id, unique within image and set. `raw_box`: the four integers as the source gave them.
    """

    __tablename__ = "regions"
    __table_args__ = (
        Index(None, "region_set_id", "image_id"),
        Index("ix_regions_replaces_id", "replaces_id", sqlite_where=text("replaces_id IS NOT NULL"),
              postgresql_where=text("replaces_id IS NOT NULL")),
        CheckConstraint("width > 0 AND height > 0", name="size"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    region_set_id: Mapped[int] = mapped_column(ForeignKey("region_sets.id", ondelete="CASCADE"))
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), index=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"))
    position: Mapped[int] = mapped_column(default=0)
    x: Mapped[float]
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    label: Mapped[str | None]
    score: Mapped[float | None]
    key: Mapped[str | None]
    raw_box: Mapped[list[Any] | None]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("regions.id"))


class Grounding(Base):
    """A span of a sentence, in characters of its stored text, tied to any number of regions."""

    __tablename__ = "groundings"
    __table_args__ = (CheckConstraint('0 <= "start" AND "start" < "end"', name="span"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sentence_id: Mapped[int] = mapped_column(ForeignKey("sentences.id", ondelete="CASCADE"), index=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"), index=True)
    start: Mapped[int]
    end: Mapped[int]
    chain: Mapped[str | None]
    categories: Mapped[list[Any]] = mapped_column(default=list)
    no_box: Mapped[bool] = mapped_column(default=False)
    scene: Mapped[bool] = mapped_column(default=False)


class GroundingRegion(Base):
    """A region that a grounding is tied to."""

    __tablename__ = "grounding_regions"

    grounding_id: Mapped[int] = mapped_column(ForeignKey("groundings.id", ondelete="CASCADE"), primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id"), primary_key=True, index=True)


# People -----------------------------------------------------------------------------------------------------


class Annotator(Base):
    """A person: annotators write, reviewers judge as well, owners also invite. `left_at`: gone, and let in no more."""

    __tablename__ = "annotators"
    __table_args__ = (one_of("role", *ROLES), NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str] = mapped_column(default="annotator")
    left_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Invitation(Base):
    """A link that lets one browser in, once, as one annotator. Only the sha256 of its token is kept."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotators.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WebSession(Base):
    """A browser that was let in. Only the sha256 of its cookie is kept."""

    __tablename__ = "web_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotators.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class Campaign(Base):
    """A collection effort: each image to `overlap` annotators (NULL: to all), blind or not; its boxes are a region set.

    `options`: see `vsa_toolkit.db.campaigns.CampaignOptions`.
    """

    __tablename__ = "campaigns"
    __table_args__ = (UniqueConstraint("dataset_id", "name"), CheckConstraint("overlap >= 1", name="overlap"), NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    region_set_id: Mapped[int] = mapped_column(ForeignKey("region_sets.id"), index=True)
    name: Mapped[str]
    overlap: Mapped[int | None]
    blind: Mapped[bool] = mapped_column(default=False)
    guidelines: Mapped[str] = mapped_column(default="")
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Assignment(Base):
    """One image for one annotator in one campaign; released: it went back to the queue, which `reserved` ones do not do
    by themselves.

    Evaluation leaves `practice` ones out; `score` is the share of a practice image's known answers that were given.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("campaign_id", "annotator_id", "image_id"),
        Index(None, "campaign_id", "image_id"),
        one_of("state", "open", "submitted", "skipped", "released"),
        CheckConstraint("state <> 'skipped' OR reason IS NOT NULL", name="reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotators.id"), index=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"), index=True)
    state: Mapped[str] = mapped_column(default="open")
    reason: Mapped[str | None]
    practice: Mapped[bool] = mapped_column(default=False)
    reserved: Mapped[bool] = mapped_column(default=False)
    score: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)


class Phrase(Base):
    """A person's words for one region. `version` rises with each change; an adjudicated phrase has sources.

    `import_id`: the import that brought it; readers see it once that has finished (`vsa_toolkit.db.datasets.brought`).
    """

    __tablename__ = "phrases"
    __table_args__ = (
        Index(None, "campaign_id", "annotator_id"),
        one_of("state", "draft", "submitted", "accepted", "rejected"),
        NUMBERED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id"), index=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotators.id"), index=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"))
    text: Mapped[str]
    state: Mapped[str] = mapped_column(default="draft")
    reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    seconds: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)


class PhraseSource(Base):
    """An adjudicated phrase and one of the phrases that it was written from."""

    __tablename__ = "phrase_sources"

    phrase_id: Mapped[int] = mapped_column(ForeignKey("phrases.id", ondelete="CASCADE"), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("phrases.id"), primary_key=True, index=True)


class Suggestion(Base):
    """A machine's box or phrase offered to an annotator, and what came of it."""

    __tablename__ = "suggestions"
    __table_args__ = (
        one_of("exposure", "offered", "shown", "accepted", "edited", "ignored"),
        CheckConstraint("region_id IS NOT NULL OR text IS NOT NULL", name="content"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotators.id"), index=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"), index=True)
    region_id: Mapped[int | None] = mapped_column(ForeignKey("regions.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"), index=True)
    phrase_id: Mapped[int | None] = mapped_column(ForeignKey("phrases.id", ondelete="SET NULL"), index=True)
    text: Mapped[str | None]
    exposure: Mapped[str] = mapped_column(default="offered")
    created_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)


class JournalEntry(Base):
    """One operation of a client, written in the transaction of the change that it tells of; append-only.

    `changes`: rows before and after, which is what undo needs. `result`: what the client was told, and is told
    again when it repeats the operation. `undoes_id`: the entry that this one took back.
    """

    __tablename__ = "journal"
    __table_args__ = (Index(None, "image_id", "annotator_id"), NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotators.id"), index=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    image_id: Mapped[int | None] = mapped_column(ForeignKey("images.id"))
    changes: Mapped[list[Any]]
    result: Mapped[dict[str, Any]]
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("journal.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


# Machines ---------------------------------------------------------------------------------------------------


class Checkpoint(Base):
    """A fitted backend; its tensors are files in `checkpoints/<id>/`, `digest` is the sha256 of its weights."""

    __tablename__ = "checkpoints"
    __table_args__ = (Index(None, "dataset_id", "backend"), one_of("state", *WORK_STATES), NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    region_set_id: Mapped[int] = mapped_column(ForeignKey("region_sets.id"), index=True)
    backend: Mapped[str]
    encoder: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    provenance: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="running")
    reason: Mapped[str | None]
    digest: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class Run(Base):
    """One execution of a checkpoint over a split; its arrays are files in `runs/<id>/`."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "dataset_id", "split"), one_of("state", *WORK_STATES), NUMBERED)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    region_set_id: Mapped[int] = mapped_column(ForeignKey("region_sets.id"), index=True)
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    backend: Mapped[str]
    split: Mapped[str]
    fingerprint: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    provenance: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="running")
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class RunImage(Base):
    """An image that a run has saved: row `position` of the batch file numbered `part`."""

    __tablename__ = "run_images"

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"), primary_key=True, index=True)
    part: Mapped[int]
    position: Mapped[int]


class Caption(Base):
    """A sentence that a model made for an image, or for one region of it."""

    __tablename__ = "captions"
    __table_args__ = (Index(None, "run_id", "image_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id"), index=True)
    region_id: Mapped[int | None] = mapped_column(ForeignKey("regions.id"), index=True)
    text: Mapped[str]
    log_probability: Mapped[float | None]


class Snippet(Base):
    """A run of words of a sentence, characters `start` to `end`, that a model tied to one region."""

    __tablename__ = "snippets"
    __table_args__ = (Index(None, "run_id", "sentence_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    sentence_id: Mapped[int] = mapped_column(ForeignKey("sentences.id"), index=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("regions.id"), index=True)
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str]
    score: Mapped[float]


class Evaluation(Base):
    """One row of a table: the values that a protocol gave, with the signature that says exactly how."""

    __tablename__ = "evaluations"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    protocol: Mapped[str]
    signature: Mapped[str]
    values: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Release(Base):
    """A frozen, checksummed snapshot of a dataset or a campaign; its files are in `releases/<name>/`.

    `digest`: sha256 of its manifest. `fingerprints`: of each split with its whole photos, which says whether an
    evaluation used this data. `pseudonym_key`: what makes pseudonyms of annotators' names, the same in every release.
    """

    __tablename__ = "releases"
    __table_args__ = (NUMBERED,)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"), index=True)
    digest: Mapped[str]
    fingerprints: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any]]
    pseudonym_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
