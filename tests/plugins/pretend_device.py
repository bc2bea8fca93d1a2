"""A make-believe accelerator: tensors that say that they lie on the device `pretend`, but have their values on the CPU.

It is no GPU: it computes nothing, it hands every operation to the CPU. What it adds is CUDA's refusal to mix: each
operation between tensors of the device and of the CPU is noted, and each draw with the other one's generator. As on
CUDA, a CPU tensor without dimensions may take part in elementwise operations, and a CPU index may pick from a tensor of
the device (`x[rows]`; not by `index_select`, `gather`, `index_add`). `.numpy()` of a tensor of the device raises.

It cannot find what only CUDA's own kernels do: operations or types that they lack, other sums, a generator of other
numbers, waiting, memory, matrix products in bfloat16 (autocast is not there to be enabled), two GPUs.

What torch is told of the device cannot be taken back, so it belongs in a process of its own (test_devices.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

NAME = "pretend"
COPIES = {"aten::copy_", "aten::set_"}
INDEXING = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}
_CpuGenerator = torch.Generator


def missing() -> list[str]:
    """What this torch lacks for it: the functions are torch's own, undocumented, and newer than what we require."""
    needed = [
        (backend_registration, "_setup_privateuseone_for_python_backend"),
        (torch._C, "_set_only_lift_cpu_tensors"),
    ]
    return [name for owner, name in needed if not hasattr(owner, name)]


def register() -> torch.device:
    """Tell torch of the device, once in a process."""
    backend_registration._setup_privateuseone_for_python_backend(NAME)
    getattr(torch, NAME).get_amp_supported_dtype = lambda: []  # an autocast that is not enabled asks, too
    return torch.device(NAME, 0)


@contextmanager
def watching() -> Iterator[list[str]]:
    """The device can be used within; what is mixed there is added to the list, with the place that did it."""
    before = torch._C._only_lift_cpu_tensors()
    torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(…, device=…) makes it on the CPU, then moves it
    try:
        with patch.object(torch, "Generator", Generator), _Watch() as watch:
            yield watch.problems
    finally:
        torch._C._set_only_lift_cpu_tensors(before)


class Generator(_CpuGenerator):
    """A CPU generator, of which is known whether it was made for the device."""

    of_device: ClassVar[dict[int, Generator]] = {}  # by address: torch hands on other wrappers of the same

    def __new__(cls, device: torch.device | str = "cpu") -> Generator:
        made = super().__new__(cls)
        if torch.device(device).type == NAME:
            cls.of_device[made._cdata] = made
        return made


class DeviceTensor(Tensor):
    """Says that it is on the device; `on_cpu` has its values."""

    on_cpu: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    @torch.inference_mode(False)  # whose tensors have no versions, which torch wants of views of tensors that do
    def __new__(cls, on_cpu: Tensor) -> DeviceTensor:
        form = {"strides": on_cpu.stride(), "storage_offset": on_cpu.storage_offset(), "dtype": on_cpu.dtype}
        made = Tensor._make_wrapper_subclass(cls, on_cpu.shape, device=torch.device(NAME, 0), **form)
        made.on_cpu = on_cpu
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise RuntimeError(f"{func} on a pretended device that nobody watches")

    def tolist(self) -> Any:
        return self.cpu().tolist()


class _Watch(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        there = any(map(_there, tree_leaves((args, kwargs))))
        if kwargs.get("device") is not None:
            there = torch.device(kwargs["device"]).type == NAME
            kwargs["device"] = torch.device("cpu")
        if what := _wrong(func, args, kwargs, there):
            self.problems.append(f"{what}, {func}, {_place()}")
        on_cpu, named_on_cpu = tree_map(lambda value: value.on_cpu if _there(value) else value, (args, kwargs))
        made = func(*on_cpu, **named_on_cpu)
        if func._schema.is_mutable:
            return _written(func, args, kwargs) if func._schema.returns else made
        if not there:
            return made
        return tree_map(lambda value: DeviceTensor(value) if isinstance(value, Tensor) else value, made)


def _there(value: object) -> bool:
    return isinstance(value, DeviceTensor)


def _wrong(func: Any, args: Any, kwargs: dict[str, Any], there: bool) -> str | None:
    """What CUDA would refuse; `there`: the result is on the device."""
    leaves = tree_leaves((args, kwargs))
    for generator in (value for value in leaves if isinstance(value, _CpuGenerator)):
        if (generator._cdata in Generator.of_device) != there:
            return f"a generator of the {'CPU' if there else 'device'} draws for the {'device' if there else 'CPU'}"
    name = func._schema.name
    if name in COPIES:
        return None
    tensors = [value for value in leaves if isinstance(value, Tensor)]
    if name in INDEXING:
        tensors = [value for value in tensors if _there(value) or all(value is not index for index in args[1])]
    if torch.Tag.pointwise in func.tags or name in INDEXING:
        written = args[0] if func._schema.is_mutable else None
        tensors = [value for value in tensors if _there(value) or value.dim() or value is written]
    if len(set(map(_there, tensors))) < 2:
        return None
    shapes = [f"{'device' if _there(value) else 'CPU'} {tuple(value.shape)}" for value in tensors]
    return f"mixes {' and '.join(shapes)}"


def _written(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """The arguments that were written to, which are what such an operation gives."""
    named = {argument.name: value for argument, value in zip(func._schema.arguments, args)} | kwargs
    found = [named[a.name] for a in func._schema.arguments if a.alias_info and a.alias_info.is_write]
    return found[0] if len(found) == 1 else tuple(found)


def _place() -> str:
    """The innermost two lines that are not torch's."""
    frame, found = sys._getframe(1), []
    while frame is not None and len(found) < 2:
        module = frame.f_globals.get("__name__", "")
        if module != __name__ and module.split(".")[0] not in ("torch", "contextlib"):
            found.append(line_of(frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]
    return f"at {' < '.join(found)}"


def line_of(file: str, number: int | None) -> str:
    return f"{'/'.join(Path(file).parts[-2:])}:{number}"
