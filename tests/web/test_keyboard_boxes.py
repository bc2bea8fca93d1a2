"""Boxes by keys alone: how many presses a hand that knows the page needs, and that the page does what it says."""

from __future__ import annotations

import importlib.util
import os
import shutil
import statistics
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from .browsing import Served, wait_until_saved
from .conftest import SIZE

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "keyboard_boxes.py"


@pytest.fixture(scope="module")
def keyboard_boxes() -> ModuleType:
    if shutil.which("node") is None:
        pytest.skip("node is not installed: the hand presses through the page's own scripts")
    spec = importlib.util.spec_from_file_location("keyboard_boxes", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.data
def test_a_box_of_entities_takes_at_most_ten_presses_in_the_median(keyboard_boxes: ModuleType) -> None:
    data = os.environ.get("VSA_TEST_DATA")
    if data is None:
        pytest.skip("VSA_TEST_DATA is not set: no Flickr30k Entities")
    [entities] = Path(data, "flickr30k_entities").glob("*.tar.xz")
    targets = keyboard_boxes.sample(keyboard_boxes.read_boxes(entities, None), 200, seed=0)
    presses = [made["without"]["presses"] for made in keyboard_boxes.by_hand(targets)]
    assert statistics.median(presses) <= 10
    assert max(presses) < float("inf")  # each of them was made


def test_the_page_makes_the_boxes_that_the_hand_counts_on(
    keyboard_boxes: ModuleType, page: Page, served: Served
) -> None:
    size = dict(zip(("width", "height"), SIZE))
    boxes = [[200, 110, 70, 70], [0, 0, 320, 200], [5, 120, 300, 60]]
    made = keyboard_boxes.by_hand([{"image": "one", "size": size, "box": box} for box in boxes])
    for number, each in enumerate(made, 1):
        for key in each["without"]["keys"]:
            page.keyboard.press(key)
        page.keyboard.type(f"box {number}")
        page.keyboard.press("Enter")
    wait_until_saved(page)
    drawn = [phrase["box"] for phrase in served.desk().state(1)["phrases"]]
    for box, each in zip(drawn, made, strict=True):
        assert box == pytest.approx(each["without"]["box"], abs=0.011)
