"""Generated scenes: drawn pictures with exact truth, described by simulated describers.

They are simulated, and say so wherever they show. They stand in for photos where there are none: in the demo, in
tests, in a first look at a new backend. Colours, textures and sizes are shared among the objects of a scene, and
the test split shows pairs of colour and kind that the training split never had.
"""

from .folder import Counts, write_scenes
from .sample import Scene, Thing, sample_scene, unseen_pairs

__all__ = ["Counts", "Scene", "Thing", "sample_scene", "unseen_pairs", "write_scenes"]
