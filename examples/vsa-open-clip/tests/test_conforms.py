"""The conformance kit of vsa on a tiny random checkpoint, and what CLIP's two towers must agree on."""

import json
from pathlib import Path
from tempfile import mkdtemp

import open_clip
import pytest
import torch
from vsa_open_clip import OpenClip, OpenClipEncoder

from vsa_toolkit import DataError, UserError
from vsa_toolkit.testing import conformance

# As many numbers as the kit's world has: 12.
SIZES = {
    "embed_dim": 12,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


def tiny_checkpoint():
    folder = Path(mkdtemp())
    (folder / "tiny.json").write_text(json.dumps(SIZES))
    open_clip.add_model_config(folder / "tiny.json")
    torch.manual_seed(0)
    torch.save(open_clip.create_model("tiny").state_dict(), folder / "tiny.pt")
    return folder


FOLDER = tiny_checkpoint()
OPTIONS = ("model=tiny", f"checkpoint={FOLDER / 'tiny.pt'}", f"config={FOLDER / 'tiny.json'}")

test_the_backend_conforms = conformance("backends", "open-clip", *OPTIONS)
test_the_encoder_conforms = conformance("encoders", "open-clip", *OPTIONS)


def options(kind, **changed):
    return kind.Options(model="tiny", config=FOLDER / "tiny.json", **{"checkpoint": FOLDER / "tiny.pt", **changed})


def test_embeddings_are_open_clips_own():
    encoder = OpenClipEncoder(options(OpenClipEncoder), torch.device("cpu"), torch.float32)
    network, _, _ = open_clip.create_model_and_transforms("tiny", pretrained=str(FOLDER / "tiny.pt"))
    batch = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(encoder.feature_map(batch)[:, :, 0, 0], network.eval().encode_image(batch))


def test_a_checkpoint_is_needed_and_must_fit(tmp_path):
    with pytest.raises(UserError, match="needs a local checkpoint, none was given"):
        OpenClipEncoder(options(OpenClipEncoder, checkpoint=None), torch.device("cpu"), torch.float32)
    (tmp_path / "bad.pt").write_bytes(b"nothing")
    with pytest.raises(DataError, match="holds no weights of open_clip's tiny"):
        OpenClipEncoder(options(OpenClipEncoder, checkpoint=tmp_path / "bad.pt"), torch.device("cpu"), torch.float32)


def test_features_of_another_encoder_are_refused():
    backend = OpenClip.from_state(options(OpenClip), {}, {"checkpoint": digest()}, torch.device("cpu"))
    with pytest.raises(DataError, match="compares vectors of 12 numbers, the features have 5"):
        backend.embed_regions(torch.zeros(1, 1, 5), torch.ones(1))


def test_another_checkpoint_than_it_was_made_with_is_refused():
    with pytest.raises(DataError, match="is not the file that this checkpoint"):
        OpenClip.from_state(options(OpenClip), {}, {"checkpoint": "0" * 64}, torch.device("cpu"))


def digest():
    return OpenClipEncoder(options(OpenClipEncoder), torch.device("cpu"), torch.float32).spec()["weights"]
