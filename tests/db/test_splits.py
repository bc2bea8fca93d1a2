import pytest
from sqlalchemy import update

from vsa_toolkit.db.models import Import
from vsa_toolkit.db.workspace import Workspace
from vsa_toolkit.errors import UserError
from vsa_toolkit.records import RegionBox


def propose(workspace: Workspace, name: str = "grid", count: int = 2) -> int:
    store = workspace.store
    made = store.create_region_set("made", name, "grid", {"k": count})
    boxes = [RegionBox(str(n), (n, n, 5, 5), label=f"cell {n}", score=0.5) for n in range(count)]
    store.save_regions(made, [(image.id, boxes) for image in store.images_without_regions(made)])
    store.finish_region_set(made)
    return made


def test_a_split_is_grouped_by_image_in_a_fixed_order(filled: Workspace) -> None:
    propose(filled)
    split = filled.store.read_split("made", "train", "grid")
    ids = [image.id for image in split.images]
    assert ids == sorted(ids)
    assert [image.key for image in split.images] == ["photo0", "photo1", "photo2", "photo3"]
    assert [s.image_id for s in split.sentences] == [id for id in ids for _ in range(2)]
    assert [s.number for s in split.sentences] == [0, 1] * 4
    assert [r.image_id for r in split.regions] == [id for id in ids for _ in range(3)]
    assert [r.is_frame for r in split.regions] == [True, False, False] * 4
    assert [r.label for r in split.regions[:3]] == [None, "cell 0", "cell 1"]
    assert split.regions[0].box == (0, 0, 40, 30)
    assert split.images[0].file.is_file()


def test_the_frame_set_gives_frames_only(filled: Workspace) -> None:
    split = filled.store.read_split("made", "val", "frame")
    assert [r.is_frame for r in split.regions] == [True]


def test_groundings_carry_the_boxes_of_their_regions(filled: Workspace) -> None:
    split = filled.store.read_split("made", "test", "frame")
    (grounding,) = split.groundings
    text = {s.id: s.text for s in split.sentences}[grounding.sentence_id]
    assert text[grounding.start : grounding.end] == "red dog"
    assert grounding.boxes == ((1, 2, 10, 12), (20, 2, 10.5, 12))
    assert (grounding.chain, grounding.categories) == ("7", ("animals",))


def test_an_unknown_split_names_those_there_are(filled: Workspace) -> None:
    with pytest.raises(UserError, match=r"no split 'tset'\. Did you mean 'test'\?"):
        filled.store.read_split("made", "tset", "frame")


def test_an_unknown_dataset_or_region_set_is_named(filled: Workspace) -> None:
    with pytest.raises(UserError, match="no dataset 'mad'"):
        filled.store.read_split("mad", "test", "frame")
    with pytest.raises(UserError, match=r"no region set 'yolo'\. Known: frame, made"):
        filled.store.read_split("made", "test", "yolo")


def test_equal_data_has_equal_fingerprints_and_any_change_shows(filled: Workspace) -> None:
    propose(filled)
    first = filled.store.read_split("made", "train", "grid").fingerprint
    assert filled.store.read_split("made", "train", "grid").fingerprint == first
    assert filled.store.read_split("made", "val", "grid").fingerprint != first
    assert filled.store.read_split("made", "train", "frame").fingerprint != first
    from vsa_toolkit.db.models import Sentence

    with filled.database.write() as session:
        session.execute(update(Sentence).where(Sentence.id == 1).values(text="a red dog number zero"))
    assert filled.store.read_split("made", "train", "grid").fingerprint != first


def test_what_an_unfinished_import_brought_is_not_seen(filled: Workspace) -> None:
    with filled.database.write() as session:
        session.execute(update(Import).values(state="running"))
    assert filled.store.list_datasets() == []
    with pytest.raises(UserError, match="there is no dataset yet"):
        filled.store.dataset_name(None)


def test_the_newest_region_set_of_a_proposer_is_the_default(filled: Workspace) -> None:
    with pytest.raises(UserError, match=r"run `vsa propose --proposer grid`"):
        filled.store.region_set_name("made", None)
    propose(filled, "first")
    propose(filled, "second")
    assert filled.store.region_set_name("made", None) == "second"
    assert filled.store.region_set_name("made", "first") == "first"


def test_images_are_found_by_key_and_by_number(filled: Workspace) -> None:
    assert filled.store.find_image("made", "photo3").key == "photo3"
    number = filled.store.find_image("made", "photo3").id
    assert filled.store.find_image("made", str(number)).key == "photo3"
    with pytest.raises(UserError, match=r"no image 'photo33'\. Did you mean 'photo3'"):
        filled.store.find_image("made", "photo33")
