"""How many key presses make a box: a hand that knows the page against boxes of Flickr30k Entities.

    python benchmarks/keyboard_boxes.py --entities DIR_OR_TAR
    python benchmarks/keyboard_boxes.py --entities DIR_OR_TAR --photos DIR --detector yolox_nano.onnx

Counted until IoU ≥ .7 with the target, from the free page to the box that waits for its phrase; modifiers are presses
too, held keys do not repeat. The hand (ideal_hand.mjs, run by node) presses through the page's own scripts. Beside it
stands keynav, as an ideal hand uses it: each press halves what is left in one direction, one more sets a corner. With
--photos a detector's nine best boxes are suggested, and one press takes one of them; those figures are printed apart.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from vsa_toolkit.boxes import iou

ENOUGH = 0.7
LIMIT = 10  # presses, for the median
HAND = Path(__file__).with_name("ideal_hand.mjs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entities", type=Path, required=True, help="Annotations/*.xml in a folder, or a tar of them")
    parser.add_argument("--boxes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--photos", type=Path, help="photos named ID_….jpg; with --detector, boxes are suggested")
    parser.add_argument("--detector", type=Path, help="a YOLOX in an ONNX file")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    options = parser.parse_args()
    targets = sample(read_boxes(options.entities, options.photos), options.boxes, options.seed)
    if options.photos and options.detector:
        suggest(targets, options.photos, options.detector)
    figures = measure(targets)
    print(json.dumps(figures) if options.json else as_text(figures))
    sys.exit(figures["without suggestions"]["median"] > LIMIT)


def measure(targets: list[dict[str, Any]]) -> dict[str, Any]:
    """Presses by way of making a box: median, mean, 90th percentile, the share that needs more than the limit."""
    pressed = by_hand(targets)
    for target, made in zip(targets, pressed, strict=True):
        enough = iou(tuple(made["without"]["box"]), tuple(target["box"])) >= ENOUGH
        assert enough or made["without"]["presses"] == math.inf, (target, made)
    figures = {
        "boxes": len(targets),
        "without suggestions": summary(made["without"]["presses"] for made in pressed),
        "keynav": summary(keynav(target) for target in targets),
    }
    if any("suggestions" in target for target in targets):
        figures["with suggestions"] = summary(made["with"]["presses"] for made in pressed)
        figures["taken from a suggestion"] = statistics.mean(made["with"]["keys"][0].isdigit() for made in pressed)
    return figures


def by_hand(targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        sys.exit("node is not installed: the hand presses through the page's own scripts")
    done = subprocess.run([node, str(HAND)], input=json.dumps({"targets": targets}), capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    pressed: list[dict[str, Any]] = json.loads(done.stdout)
    for made in pressed:
        for way in made.values():
            way["presses"] = way["presses"] or math.inf  # what the hand gave up
    return pressed


def keynav(target: dict[str, Any]) -> int:
    """The fewest halvings of width and height for each corner, its press, and one to begin with."""
    width, height = target["size"]["width"], target["size"]["height"]
    x, y, across, down = target["box"]
    corners = ((x, width), (y, height), (x + across, width), (y + down, height))
    halved = [[_halved(at, end, times) for times in range(9)] for at, end in corners]
    enough = [
        sum(times)
        for times in product(range(9), repeat=4)
        if _fits([row[n] for row, n in zip(halved, times)], target["box"])
    ]
    return min(enough) + 3


def _halved(at: float, end: float, times: int) -> float:
    """The middle of what is left of [0, end] after so many halvings towards a position."""
    low, high = 0.0, float(end)
    for _ in range(times):
        middle = (low + high) / 2
        low, high = (low, middle) if at < middle else (middle, high)
    return (low + high) / 2


def _fits(corners: list[float], box: list[float]) -> bool:
    x, y, right, bottom = corners
    return right > x and bottom > y and iou((x, y, right - x, bottom - y), (box[0], box[1], box[2], box[3])) >= ENOUGH


def suggest(targets: list[dict[str, Any]], photos: Path, detector: Path) -> None:
    """Note the detector's nine best boxes, in the pixels of the boxes."""
    from PIL import Image

    from vsa_toolkit.registry import registry

    proposer = registry().get("proposers", "yolox-onnx")
    made = proposer(proposer.Options(model=detector))
    for target in targets:
        size = (target["size"]["width"], target["size"]["height"])
        with Image.open(next(photos.glob(f"{target['image']}_*.jpg"))) as opened:
            photo = opened.convert("RGB")
        scale = [size[0] / photo.width, size[1] / photo.height] * 2
        boxes = made.propose(photo, size, 9)
        target["suggestions"] = [[side * by for side, by in zip(each.box, scale)] for each in boxes]


def read_boxes(place: Path, photos: Path | None) -> list[dict[str, Any]]:
    """Every distinct box of the annotations, [x, y, width, height] from 0 (the XML counts from 1, ends included)."""
    there = {path.name.partition("_")[0] for path in photos.glob("*.jpg")} if photos else None
    found = {}
    for image, root in _trees(place):
        if there is not None and image not in there:
            continue
        size = {side: int(root.findtext(f"size/{side}", "0")) for side in ("width", "height")}
        for bounds in root.iter("bndbox"):
            x1, y1, x2, y2 = (int(bounds.findtext(side, "0")) for side in ("xmin", "ymin", "xmax", "ymax"))
            box = [x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1]
            found[image, *box] = {"image": image, "size": size, "box": box}
    return [found[key] for key in sorted(found)]


def _trees(place: Path) -> Iterator[tuple[str, ET.Element]]:
    if place.is_dir():
        for path in sorted(place.rglob("*.xml")):
            yield path.stem, ET.parse(path).getroot()
        return
    with tarfile.open(place) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name.endswith(".xml") else None
            if opened is not None:
                yield Path(member.name).stem, ET.parse(opened).getroot()


def sample(boxes: list[dict[str, Any]], count: int, seed: int) -> list[dict[str, Any]]:
    chosen = np.random.default_rng(seed).choice(len(boxes), size=min(count, len(boxes)), replace=False)
    return [boxes[at] for at in chosen]


def summary(presses: Iterable[int]) -> dict[str, float]:
    counts = np.array(list(presses), dtype=float)
    return {
        "median": float(np.median(counts)),
        "mean": round(float(counts.mean()), 2),
        "p90": float(np.quantile(counts, 0.9)),
        "most": float(counts.max()),
        "over": round(float((counts > LIMIT).mean()), 4),
    }


def as_text(figures: dict[str, Any]) -> str:
    lines = [f"{figures['boxes']} boxes, presses to IoU ≥ {ENOUGH}:"]
    for way in ("without suggestions", "with suggestions", "keynav"):
        if way in figures:
            row = figures[way]
            lines.append(
                f"  {way:20} median {row['median']:g}, mean {row['mean']:g}, 90th percentile {row['p90']:g}, "
                f"most {row['most']:g}; more than {LIMIT}: {row['over']:.1%}"
            )
    ratio = figures["keynav"]["median"] / figures["without suggestions"]["median"]
    lines.append(f"  keynav's median is {ratio:.2g} times ours")
    if "taken from a suggestion" in figures:
        lines.append(f"  {figures['taken from a suggestion']:.0%} began from a suggestion")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
