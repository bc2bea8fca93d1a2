"""Small made-up splits for the grounding protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vsa_toolkit.records import Grounding, Image, Region, Sentence, Split


def make_split(name: str = "test", images: int = 1, seed: int | None = None) -> Split:
    """Images of 100 × 50 pixels: the frame, a person left, a dog right, a small unnamed box in the middle.

    Their sentence is "A man, and a brown dog!"; "A man" is on the left half, "a brown dog" on the right one.
    With `seed` the detector's confidences are drawn.
    """
    rng = np.random.default_rng(seed)
    found, sentences, regions, groundings = [], [], [], []
    for i in range(images):
        found.append(Image(i + 1, f"photo{i}.jpg", Path("/nowhere"), "", 100, 50, name))
        sentences.append(Sentence(10 * i + 1, i + 1, 0, "A man, and a brown dog!"))
        sure = rng.uniform(0.2, 0.9, 2) if seed is not None else (0.9, 0.6)
        boxes = [
            ((0, 0, 100, 50), True, None, None),
            ((0, 0, 45, 50), False, "person", float(sure[0])),
            ((55, 0, 45, 50), False, "dog", float(sure[1])),
            ((45, 20, 10, 10), False, None, None),
        ]
        for box, frame, label, score in boxes:
            regions.append(Region(len(regions) + 1, i + 1, box, frame, label, score))
        for start, end, box in ((0, 5, (0, 0, 50, 50)), (11, 22, (50, 0, 50, 50))):
            groundings.append(Grounding(len(groundings) + 1, 10 * i + 1, i + 1, start, end, (box,)))
    return Split("made-up", name, "boxes", found, sentences, regions, groundings, name)


@pytest.fixture
def split() -> Split:
    return make_split()
