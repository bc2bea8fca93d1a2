"""Questions that a notebook asks of a workspace; each answer is `Rows` (to_pandas, to_polars or to_arrow in one call).

    with open_workspace("flickr") as workspace:
        workspace.phrases(split="test", state="accepted").to_pandas()

What is not said is not chosen by: without `dataset` all datasets, without `split` all images. `image` is a key or an
id. Readers see what is finished: nothing of an import that is under way. A name that is not there is a UserError.
Boxes are x, y, width, height in pixels of the photo on disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from vsa_toolkit.query_rows import Rows

from . import models as m
from .asking import PLACE, Ask, is_image
from .datasets import FINISHED, brought
from .engine import Database

BOX = (m.Region.x, m.Region.y, m.Region.width, m.Region.height)


class Queries:
    """The methods that `Workspace` has for reading."""

    database: Database
    folder: Path

    # What is annotated
    def datasets(self) -> Rows:
        """dataset, format, root, images, sentences; one row a dataset."""
        sentences = (
            select(func.count(m.Sentence.id))
            .join(m.Image, m.Image.id == m.Sentence.image_id)
            .where(m.Image.dataset_id == m.Dataset.id, m.Sentence.import_id.in_(FINISHED))
        )
        images = select(func.count(m.Image.id)).where(
            m.Image.dataset_id == m.Dataset.id, m.Image.import_id.in_(FINISHED)
        )
        with self._asking() as ask:
            return ask.rows(
                select(
                    m.Dataset.name.label("dataset"), m.Dataset.format, m.Dataset.root,
                    images.scalar_subquery().label("images"), sentences.scalar_subquery().label("sentences"),
                ).where(m.Dataset.id.in_(ask.datasets(None))).order_by(m.Dataset.id)
            )  # fmt: skip

    def images(self, dataset: str | None = None, split: str | None = None, image: str | int | None = None) -> Rows:
        """dataset, image (its key), id, split, path, width, height, frame_width, frame_height, sha256."""
        i = m.Image
        with self._asking() as ask:
            return ask.rows(
                ask.of_images(
                    select(
                        m.Dataset.name.label("dataset"), i.key.label("image"), i.id, i.split, i.path, i.width, i.height,
                        i.frame_width, i.frame_height, i.sha256,
                    ), dataset, split, image,
                ).order_by(i.id)
            )  # fmt: skip

    def sentences(self, dataset: str | None = None, split: str | None = None, image: str | int | None = None) -> Rows:
        """dataset, image, split, number, text, id."""
        s = m.Sentence
        with self._asking() as ask:
            chosen = select(*PLACE, s.number, s.text, s.id).join(m.Image, m.Image.id == s.image_id)
            chosen = ask.of_images(chosen.where(s.import_id.in_(FINISHED)), dataset, split, image)
            return ask.rows(chosen.order_by(s.image_id, s.number))

    def region_sets(self, dataset: str | None = None) -> Rows:
        """dataset, region_set, kind, proposer, state, regions, created."""
        r = m.RegionSet
        count = select(func.count(m.Region.id)).where(m.Region.region_set_id == r.id).scalar_subquery()
        with self._asking() as ask:
            return ask.rows(
                select(
                    m.Dataset.name.label("dataset"), r.name.label("region_set"), r.kind, r.proposer, r.state,
                    count.label("regions"), r.created_at.label("created"),
                )
                .join(m.Dataset, m.Dataset.id == r.dataset_id)
                .where(r.dataset_id.in_(ask.datasets(dataset)))
                .order_by(r.id)
            )  # fmt: skip

    def regions(
        self,
        dataset: str | None = None,
        split: str | None = None,
        region_set: str | None = None,
        image: str | int | None = None,
    ) -> Rows:
        """dataset, image, split, region_set, id, key, x, y, width, height, label, score."""
        r = m.Region
        with self._asking() as ask:
            chosen = (
                select(*PLACE, m.RegionSet.name.label("region_set"), r.id, r.key, *BOX, r.label, r.score)
                .join(m.Image, m.Image.id == r.image_id)
                .join(m.RegionSet, m.RegionSet.id == r.region_set_id)
                .where(ask.visible_regions(dataset, region_set))
            )
            chosen = ask.of_images(chosen, dataset, split, image)
            return ask.rows(chosen.order_by(r.image_id, r.region_set_id, r.position, r.id))

    def groundings(self, dataset: str | None = None, split: str | None = None, image: str | int | None = None) -> Rows:
        """dataset, image, split, number (of the sentence), start, end, text, chain, categories, no_box, scene, regions
        (a list of ids), id."""
        g, s = m.Grounding, m.Sentence
        with self._asking() as ask:
            chosen = (
                select(
                    *PLACE, s.number, g.start, g.end, s.text, g.chain, g.categories, g.no_box, g.scene, g.id
                )
                .join(s, s.id == g.sentence_id)
                .join(m.Image, m.Image.id == s.image_id)
                .where(brought(g.import_id), s.import_id.in_(FINISHED))
            )  # fmt: skip
            chosen = ask.of_images(chosen, dataset, split, image)
            rows = ask.rows(chosen.order_by(s.image_id, s.number, g.start, g.id))
            tied = ask.regions_of(chosen.with_only_columns(g.id))
        for row in rows:
            row["text"] = row["text"][row["start"] : row["end"]]
            row["regions"] = tied.get(row["id"], [])
        return Rows(rows, [*rows.columns, "regions"])

    # What people wrote
    def phrases(
        self,
        dataset: str | None = None,
        split: str | None = None,
        campaign: str | None = None,
        annotator: str | None = None,
        state: str | Sequence[str] | None = None,
        image: str | int | None = None,
    ) -> Rows:
        """dataset, image, split, campaign, annotator, text, state, x, y, width, height, region (an id), seconds, id."""
        p, r = m.Phrase, m.Region
        with self._asking() as ask:
            chosen = (
                select(
                    *PLACE, m.Campaign.name.label("campaign"), m.Annotator.name.label("annotator"), p.text, p.state,
                    *BOX, p.region_id.label("region"), p.seconds, p.id,
                )
                .join(r, r.id == p.region_id)
                .join(m.Image, m.Image.id == r.image_id)
                .join(m.Campaign, m.Campaign.id == p.campaign_id)
                .join(m.Annotator, m.Annotator.id == p.annotator_id)
                .where(brought(p.import_id))
            )  # fmt: skip
            chosen = ask.of_images(chosen, dataset, split, image)
            if campaign is not None:
                chosen = chosen.where(m.Campaign.name == ask.known(m.Campaign.name, campaign, "campaign"))
            if annotator is not None:
                chosen = chosen.where(m.Annotator.name == ask.known(m.Annotator.name, annotator, "annotator"))
            if state is not None:
                chosen = chosen.where(p.state.in_([state] if isinstance(state, str) else state))
            return ask.rows(chosen.order_by(r.image_id, p.id))

    def campaigns(self, dataset: str | None = None) -> Rows:
        """dataset, campaign, region_set, overlap, blind, phrases, id."""
        c = m.Campaign
        phrases = select(func.count(m.Phrase.id)).where(m.Phrase.campaign_id == c.id, brought(m.Phrase.import_id))
        with self._asking() as ask:
            return ask.rows(
                select(
                    m.Dataset.name.label("dataset"), c.name.label("campaign"), m.RegionSet.name.label("region_set"),
                    c.overlap, c.blind, phrases.scalar_subquery().label("phrases"), c.id,
                )
                .join(m.Dataset, m.Dataset.id == c.dataset_id)
                .join(m.RegionSet, m.RegionSet.id == c.region_set_id)
                .where(c.dataset_id.in_(ask.datasets(dataset)))
                .order_by(c.id)
            )  # fmt: skip

    def annotators(self) -> Rows:
        """annotator, role, phrases, images (submitted), id."""
        a = m.Annotator
        phrases = select(func.count(m.Phrase.id)).where(m.Phrase.annotator_id == a.id, brought(m.Phrase.import_id))
        images = select(func.count(m.Assignment.id)).where(
            m.Assignment.annotator_id == a.id, m.Assignment.state == "submitted"
        )
        with self._asking() as ask:
            return ask.rows(
                select(
                    a.name.label("annotator"), a.role, phrases.scalar_subquery().label("phrases"),
                    images.scalar_subquery().label("images"), a.id,
                ).order_by(a.id)
            )  # fmt: skip

    def assignments(self, dataset: str | None = None, split: str | None = None, campaign: str | None = None) -> Rows:
        """dataset, image, split, campaign, annotator, state, reason, practice, changed."""
        a = m.Assignment
        with self._asking() as ask:
            chosen = (
                select(
                    *PLACE, m.Campaign.name.label("campaign"), m.Annotator.name.label("annotator"), a.state, a.reason,
                    a.practice, a.changed_at.label("changed"),
                )
                .join(m.Image, m.Image.id == a.image_id)
                .join(m.Campaign, m.Campaign.id == a.campaign_id)
                .join(m.Annotator, m.Annotator.id == a.annotator_id)
            )  # fmt: skip
            chosen = ask.of_images(chosen, dataset, split, None)
            if campaign is not None:
                chosen = chosen.where(m.Campaign.name == ask.known(m.Campaign.name, campaign, "campaign"))
            return ask.rows(chosen.order_by(a.id))

    # What machines made
    def checkpoints(self, dataset: str | None = None) -> Rows:
        """id, dataset, backend, region_set, encoder, state, created."""
        c = m.Checkpoint
        with self._asking() as ask:
            return ask.rows(
                select(
                    c.id, m.Dataset.name.label("dataset"), c.backend, m.RegionSet.name.label("region_set"), c.encoder,
                    c.state, c.created_at.label("created"),
                )
                .join(m.Dataset, m.Dataset.id == c.dataset_id)
                .join(m.RegionSet, m.RegionSet.id == c.region_set_id)
                .where(c.dataset_id.in_(ask.datasets(dataset)))
                .order_by(c.id)
            )  # fmt: skip

    def runs(self, dataset: str | None = None) -> Rows:
        """id, dataset, split, backend, region_set, checkpoint, state, created."""
        r = m.Run
        with self._asking() as ask:
            return ask.rows(
                select(
                    r.id, m.Dataset.name.label("dataset"), r.split, r.backend, m.RegionSet.name.label("region_set"),
                    r.checkpoint_id.label("checkpoint"), r.state, r.created_at.label("created"),
                )
                .join(m.Dataset, m.Dataset.id == r.dataset_id)
                .join(m.RegionSet, m.RegionSet.id == r.region_set_id)
                .where(r.dataset_id.in_(ask.datasets(dataset)))
                .order_by(r.id)
            )  # fmt: skip

    def captions(self, run: int, image: str | int | None = None) -> Rows:
        """What a run said of images and regions: image, text, log_probability, region (its id, None: the whole), x, y,
        width, height."""
        c = m.Caption
        with self._asking() as ask:
            ask.run(run)
            chosen = (
                select(m.Image.key.label("image"), c.text, c.log_probability, c.region_id.label("region"), *BOX)
                .join(m.Image, m.Image.id == c.image_id)
                .outerjoin(m.Region, m.Region.id == c.region_id)
                .where(c.run_id == run)
            )
            if image is not None:
                chosen = chosen.where(is_image(image))
            return ask.rows(chosen.order_by(c.image_id, c.region_id.is_not(None), c.region_id, c.id))

    def snippets(self, run: int, image: str | int | None = None) -> Rows:
        """Words that a run tied to regions: image, number (of the sentence), start, end, text, score, region (its id),
        x, y, width, height."""
        n, s = m.Snippet, m.Sentence
        with self._asking() as ask:
            ask.run(run)
            chosen = (
                select(
                    m.Image.key.label("image"), s.number, n.start, n.end, n.text, n.score, n.region_id.label("region"),
                    *BOX,
                )
                .join(s, s.id == n.sentence_id)
                .join(m.Image, m.Image.id == s.image_id)
                .join(m.Region, m.Region.id == n.region_id)
                .where(n.run_id == run)
            )  # fmt: skip
            if image is not None:
                chosen = chosen.where(is_image(image))
            return ask.rows(chosen.order_by(n.sentence_id, n.start))

    def evaluations(self, run: int | None = None) -> Rows:
        """id, run, protocol, signature, created, and a column for each value that any of them has."""
        e = m.Evaluation
        with self._asking() as ask:
            chosen = select(
                e.id, e.run_id.label("run"), e.protocol, e.signature, e.created_at.label("created"), e.values
            ).order_by(e.id)  # fmt: skip
            if run is not None:
                ask.run(run)
                chosen = chosen.where(e.run_id == run)
            rows = ask.rows(chosen)
        values = [{name: _plain(value) for name, value in row.pop("values").items()} for row in rows]
        names = list(dict.fromkeys(name for of_row in values for name in of_row))
        columns = [name for name in rows.columns if name != "values"] + names
        return Rows(({**row, **{name: of.get(name) for name in names}} for row, of in zip(rows, values)), columns)

    @contextmanager
    def _asking(self) -> Iterator[Ask]:
        with self.database.read() as session:
            yield Ask(session)


def _plain(value: Any) -> Any:
    """A value without its interval."""
    return value.get("value") if isinstance(value, dict) and "value" in value else value
