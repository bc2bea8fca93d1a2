import pytest
from sqlalchemy import text

from vsa_toolkit.db.campaigns import create_campaign
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import DataError, UserError
from vsa_toolkit.records import RegionBox

BOX = RegionBox("1", (1, 1, 5, 5))


def test_an_interrupted_region_set_is_resumed(filled: Workspace) -> None:
    store = filled.store
    made = store.create_region_set("made", "grid", "grid", {"k": 4})
    images = store.images_without_regions(made)
    store.save_regions(made, [(images[0].id, [BOX]), (images[1].id, [])])  # the second has no region, but is done
    with pytest.raises(UserError, match="not finished"):
        store.read_split("made", "train", "grid")
    again = store.create_region_set("made", "grid", "grid", {"k": 4})
    assert again == made
    assert [image.key for image in store.images_without_regions(again)] == ["photo2", "photo3", "photo4", "photo5"]


def test_a_finished_region_set_of_another_making_is_refused(filled: Workspace) -> None:
    store = filled.store
    made = store.create_region_set("made", "grid", "grid", {"k": 4})
    store.finish_region_set(made)
    assert store.create_region_set("made", "grid", "grid", {"k": 4}) == made
    with pytest.raises(UserError, match="made in another way"):
        store.create_region_set("made", "grid", "grid", {"k": 5})
    with pytest.raises(UserError, match="made in another way"):
        store.create_region_set("made", "frame", "grid", {"k": 5})


def test_a_box_outside_its_image_saves_nothing_of_the_batch(filled: Workspace) -> None:
    store = filled.store
    made = store.create_region_set("made", "grid", "grid", {})
    images = store.images_without_regions(made)
    outside = RegionBox("1", (100, 100, 5, 5))
    with pytest.raises(DataError, match="lies outside the image of 40 × 30 pixels"):
        store.save_regions(made, [(images[0].id, [BOX]), (images[1].id, [outside])])
    assert len(store.images_without_regions(made)) == len(images)


def test_an_image_is_not_done_twice(filled: Workspace) -> None:
    store = filled.store
    made = store.create_region_set("made", "grid", "grid", {})
    image = store.images_without_regions(made)[0]
    store.save_regions(made, [(image.id, [BOX])])
    with pytest.raises(DataError, match="already has one of the images"):
        store.save_regions(made, [(image.id, [BOX])])


def test_region_sets_are_listed_and_deleted(filled: Workspace) -> None:
    store = filled.store
    made = store.create_region_set("made", "grid", "grid", {})
    store.save_regions(made, [(image.id, [BOX]) for image in store.images_without_regions(made)])
    store.finish_region_set(made)
    assert [(r["name"], r["kind"], r["regions"]) for r in store.list_region_sets("made")] == [
        ("frame", "frame", 6), ("made", "import", 12), ("grid", "proposer", 6)
    ]  # fmt: skip
    store.delete_region_set("made", "grid")
    assert len(store.list_region_sets("made")) == 2
    with pytest.raises(UserError, match="only proposed regions can be deleted"):
        store.delete_region_set("made", "frame")


def test_a_region_set_that_a_checkpoint_names_is_kept(filled: Workspace) -> None:
    store = filled.store
    made = store.create_region_set("made", "grid", "grid", {})
    store.finish_region_set(made)
    store.create_checkpoint("brnn", "made", "grid", "encoder", {}, {})
    with pytest.raises(UserError, match="delete those first"):
        store.delete_region_set("made", "grid")


def test_the_regions_that_people_drew_are_the_imported_ones_or_a_campaigns(filled: Workspace) -> None:
    store = filled.store
    assert store.human_region_set("made", None) == "made"
    create_campaign(filled.database, "made", "pilot")
    assert store.human_region_set("made", "pilot") == "campaign pilot"
    with pytest.raises(UserError, match="no campaign 'pilto'"):
        store.human_region_set("made", "pilto")


def test_without_or_with_several_imports_of_regions_the_way_out_is_said(filled: Workspace) -> None:
    with filled.database.write() as session:
        session.execute(text("UPDATE region_sets SET kind = 'proposer' WHERE kind = 'import'"))
    with pytest.raises(UserError, match="--campaign"):
        filled.store.human_region_set("made", None)
    filled.store.finish_region_set(filled.store.create_region_set("made", "more", "grid", {}))
    with filled.database.write() as session:
        session.execute(text("UPDATE region_sets SET kind = 'import' WHERE kind = 'proposer'"))
    with pytest.raises(UserError, match="--regions made or more"):
        filled.store.human_region_set("made", None)
