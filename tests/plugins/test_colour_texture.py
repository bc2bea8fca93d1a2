from __future__ import annotations

import torch
from PIL import Image, ImageDraw

from vsa_toolkit.plugins.colour_texture import ColourTexture, colours, edges, pairs


def encoder(**options: int) -> ColourTexture:
    return ColourTexture(ColourTexture.Options(**options), torch.device("cpu"), torch.float32)


def histogram(photo: Image.Image) -> torch.Tensor:
    made = encoder()
    return made.feature_map(made.preprocess(photo)[None])[0].mean((1, 2))


def test_a_map_has_a_vector_a_cell_and_is_the_same_each_time() -> None:
    made = encoder(size=128)
    pixels = made.preprocess(Image.effect_noise((90, 60), 50).convert("RGB"))
    features = made.feature_map(pixels[None])
    assert features.shape == (1, made.dimension, 16, 16)
    assert torch.equal(features, made.feature_map(pixels[None]))
    assert (features >= 0).all()


def test_a_photo_has_the_same_features_alone_and_in_a_batch() -> None:
    made = encoder(size=64)
    batch = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
    assert torch.equal(made.feature_map(batch)[1], made.feature_map(batch[1:2])[0])


def test_the_colours_of_a_pixel_sum_to_one() -> None:
    assert torch.allclose(colours(torch.rand(1, 3, 20, 30)).sum(1), torch.ones(1, 20, 30), atol=1e-5)


def test_red_is_nearer_to_dark_red_than_to_blue() -> None:
    red, dark, blue = (histogram(Image.new("RGB", (64, 64), c)) for c in ("#d02020", "#a01818", "#2020d0"))
    assert (red - dark).norm() < (red - blue).norm()


def test_upright_and_level_stripes_differ_where_their_colours_do_not() -> None:
    upright = Image.new("RGB", (128, 128), "white")
    draw = ImageDraw.Draw(upright)
    for x in range(0, 128, 16):
        draw.rectangle((x, 0, x + 7, 127), fill="black")
    level = upright.transpose(Image.Transpose.ROTATE_90)
    a, b = histogram(upright), histogram(level)
    colour = slice(0, 28)
    assert torch.allclose(a[colour], b[colour], atol=0.02)
    assert (a - b).norm() > 0.2


def test_a_pair_never_reaches_round_the_border() -> None:
    grey = torch.zeros(1, 1, 12, 12)
    grey[..., 0], grey[..., -1] = 1, 1
    edge = edges(grey, 4)
    for offset in ((0, 2), (0, -2)):
        both = pairs(edge, offset)[0].sum(0)
        border = both[:, -2:] if offset[1] > 0 else both[:, :2]
        assert border.sum() == 0
