"""torchvision's networks with weights by name or from a local file, for detectors and encoders alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import nn

from vsa_toolkit.errors import DataError, UserError, did_you_mean
from vsa_toolkit.provenance import file_digest


def named_weights(model: str, name: str) -> Any | None:
    """torchvision's entry for the weights `name` ("IMAGENET1K_V1", "DEFAULT") of a model; None where it has none."""
    from torchvision.models import get_model_weights

    return getattr(get_model_weights(model), name, None)


def weights_digest(model: str, weights: str, owner: str) -> str:
    """What tells these weights from others: the name and file of torchvision's, the sha256 of a local file."""
    known = named_weights(model, weights)
    if known is not None:
        return f"{known.name} {Path(known.url).stem}"  # torchvision ends the name with the beginning of a sha256
    return file_digest(_weights_file(model, weights, owner))


def load_weights(
    model: str, weights: str, owner: str, classes: int | None = None, arguments: dict[str, Any] | None = None
) -> nn.Module:
    """A torchvision model in evaluation mode with these weights; `classes` is the number of outputs of a local file's.

    Raises:
        UserError: torchvision knows no such weights and there is no such file, or it has to be fetched and cannot be.
        DataError: the file holds weights of another network.
    """
    from torchvision.models import get_model

    known = named_weights(model, weights)
    if known is not None:
        try:
            network: nn.Module = get_model(model, weights=known, **(arguments or {}))
        except (URLError, OSError) as error:
            raise UserError(
                f"{owner}: the weights {weights} of {model} are not here and {known.url} cannot be fetched ({error}):"
                " fetch that file elsewhere and give it with weights=FILE."
            ) from error
    else:
        file = _weights_file(model, weights, owner)
        extra = {"weights_backbone": None} if _is_detector(model) else {}
        number = {} if classes is None else {"num_classes": classes}
        network = get_model(model, weights=None, **extra, **number, **(arguments or {}))
        _load_file(network, file, model)
    return network.requires_grad_(False).eval()


def chosen_device(name: str, owner: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError(f"{owner}: device=cuda, but there is no usable GPU here.")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")


def _is_detector(model: str) -> bool:
    from torchvision.models import detection, list_models

    return model in list_models(module=detection)


def _weights_file(model: str, weights: str, owner: str) -> Path:
    from torchvision.models import get_model_weights

    file = Path(weights).expanduser()
    if not file.is_file():
        names = [entry.name for entry in get_model_weights(model)]
        raise UserError(f"{owner}: {weights!r} is neither a file nor weights of {model}{did_you_mean(weights, names)}")
    return file


def _load_file(network: nn.Module, file: Path, model: str) -> None:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        network.load_state_dict(state.get("model", state.get("state_dict", state)))
    except Exception as error:  # torch.load and load_state_dict share no exception class
        raise DataError(f"{file} holds no weights of torchvision's {model} ({str(error).splitlines()[0]}).") from error
