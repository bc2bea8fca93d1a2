"""Finding plugins: lists from metadata alone, imports a module when one of its names is asked for."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from . import hookspecs
from .broken_plugin import Broken, set_aside
from .errors import PluginError, UserError, did_you_mean


@dataclass(frozen=True)
class Kind:
    """A kind of thing that plugins bring: its hook, and where its base class is."""

    name: str
    hook: str
    base_module: str
    base_class: str

    @property
    def group(self) -> str:
        return f"vsa.{self.name}"

    def base(self) -> type[Any]:
        """The class that its plugins subclass."""
        found: type[Any] = getattr(importlib.import_module(self.base_module), self.base_class)
        return found

    @property
    def singular(self) -> str:
        return self.name.removesuffix("s")


KINDS = {
    kind.name: kind
    for kind in (
        Kind("backends", "vsa_backends", "vsa_toolkit.backend", "Backend"),
        Kind("encoders", "vsa_encoders", "vsa_toolkit.encoder", "Encoder"),
        Kind("proposers", "vsa_proposers", "vsa_toolkit.proposer", "Proposer"),
        Kind("formats", "vsa_formats", "vsa_toolkit.format", "Format"),
        Kind("metrics", "vsa_metrics", "vsa_toolkit.metrics.metric", "Metric"),
        Kind("executors", "vsa_executors", "vsa_toolkit.executor", "Executor"),
    )
}


@dataclass(frozen=True)
class Listing:
    """A name that a plugin announces, read from metadata; nothing of it was imported."""

    kind: str
    name: str
    module: str
    distribution: str
    version: str


class Registry:
    """The plugins of this process. One instance is enough; tests make their own with their own entry points."""

    def __init__(self, announced: Iterable[EntryPoint] | None = None, only: Iterable[str] | None = None) -> None:
        """`announced` defaults to the installed distributions' entry points, narrowed by `only` (module names or
        distribution names; default: the environment variable VSA_PLUGINS, comma separated)."""
        self._manager = pluggy.PluginManager("vsa")
        self._manager.add_hookspecs(hookspecs)
        self._announced = None if announced is None else list(announced)
        self._only = set(only) if only is not None else _plugins_wanted()
        self._things: dict[tuple[str, str], tuple[type, str]] = {}
        self._loaded: set[str] = set()
        self.broken: dict[str, Broken] = {}

    def listings(self, kind: str | None = None) -> list[Listing]:
        """What is announced (and what was loaded from files), by kind and name; imports nothing."""
        rows = [_listing(point) for point in self._entry_points(kind)]
        known = {(row.kind, row.name) for row in rows}
        for (thing_kind, name), (_, origin) in self._things.items():
            if (thing_kind, name) not in known and kind in (None, thing_kind):
                rows.append(Listing(thing_kind, name, origin, "", ""))
        return sorted(rows, key=lambda row: (row.kind, row.name))

    def get(self, kind: str, name: str) -> type[Any]:
        """The class registered under `name`.

        Raises:
            UserError: no plugin announces that name (with a suggestion).
            PluginError: the plugin that announces it cannot be loaded, or two distributions claim the name.
        """
        points = [point for point in self._entry_points(kind) if point.name == name]
        if len({point.value for point in points}) > 1:
            claims = " and ".join(sorted(f"{_origin(point)} ({point.value})" for point in points))
            raise PluginError(f"{KINDS[kind].singular} {name!r} is claimed by {claims}: uninstall one of them.")
        if (kind, name) in self._things:
            return self._things[kind, name][0]
        if not points:
            raise UserError(self._unknown(kind, name))
        self._load(points[0])
        if points[0].value in self.broken:
            raise PluginError(self.broken[points[0].value].sentence)
        if (kind, name) not in self._things:
            raise PluginError(
                f"{_origin(points[0])} announces the {KINDS[kind].singular} {name!r}, but {points[0].value} registers"
                " none of that name."
            )
        return self._things[kind, name][0]

    def load_file(self, path: Path) -> None:
        """Register the plugins of one Python file, for this process only.

        Raises:
            UserError: there is no such file.
            PluginError: the file cannot be imported or brings nothing.
        """
        if not path.is_file():
            raise UserError(f"plugin file {path} does not exist.")
        spec = importlib.util.spec_from_file_location(f"vsa_plugin_{path.stem}", path)
        if spec is None or spec.loader is None:
            raise PluginError(f"plugin file {path} is no Python file.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        before = len(self._things)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                spec.loader.exec_module(module)
                self._register(module, str(path))
        except (Exception, SystemExit) as error:
            raise PluginError(f"plugin file {path} cannot be loaded: {_said(error)}.") from error
        if len(self._things) == before:
            raise PluginError(
                f"plugin file {path} registers nothing: it needs a function with @hookimpl, such as"
                " vsa_backends(register)."
            )

    def _unknown(self, kind: str, name: str) -> str:
        singular = KINDS[kind].singular
        if any(point.name == name and point.group == KINDS[kind].group for point in self._all()):
            return f"the {singular} {name!r} is installed, but VSA_PLUGINS leaves it out."
        return f"there is no {singular} {name!r}{did_you_mean(name, [row.name for row in self.listings(kind)])}"

    def _all(self) -> list[EntryPoint]:
        if self._announced is None:
            self._announced = [point for kind in KINDS.values() for point in entry_points(group=kind.group)]
        return self._announced

    def _entry_points(self, kind: str | None) -> list[EntryPoint]:
        groups = {KINDS[kind].group} if kind else {k.group for k in KINDS.values()}
        return [point for point in self._all() if point.group in groups and self._wanted(point)]

    def _wanted(self, point: EntryPoint) -> bool:
        if self._only is None:
            return True
        return bool({point.value, point.name, _listing(point).distribution} & self._only)

    def _load(self, point: EntryPoint) -> None:
        if point.value in self._loaded:
            return
        self._loaded.add(point.value)
        try:
            # A plugin that prints while it is imported would spoil `--format json`.
            with contextlib.redirect_stdout(sys.stderr):
                if point.attr:
                    raise PluginError(f"its entry point must name a module, and names an object: {point.value!r}")
                self._register(importlib.import_module(point.value), _origin(point))
        except (Exception, SystemExit) as error:
            if os.environ.get("VSA_STRICT_PLUGINS") == "1":
                raise
            row = _listing(point)
            self.broken[point.value] = set_aside(row.module, row.distribution, row.version, _said(error))

    def _register(self, module: ModuleType, origin: str) -> None:
        """All that a module brings, or nothing of it."""
        before = dict(self._things)
        try:
            _check_api(getattr(module, "VSA_API", hookspecs.API_VERSION))
            self._manager.register(module, name=module.__name__)
            self._manager.check_pending()  # a hook of a name that there is not
            for kind in KINDS.values():
                hook = getattr(module, kind.hook, None)
                if hook is None:
                    continue
                given = hook(register=lambda thing, kind=kind: self._add(kind, thing, module.__name__, origin))
                if given is not None:
                    raise PluginError(f"{kind.hook} must call register(…) and return nothing, it returned {given!r}")
        except BaseException:
            self._things = before
            if self._manager.has_plugin(module.__name__):
                self._manager.unregister(name=module.__name__)
            raise

    def _add(self, kind: Kind, thing: type, module: str, origin: str) -> None:
        base = kind.base()
        if not (isinstance(thing, type) and issubclass(thing, base)):
            raise PluginError(f"{kind.hook} must register subclasses of {kind.base_class}, got {thing!r}")
        name = getattr(thing, "name", None)
        if not isinstance(name, str) or not name:
            raise PluginError(f"{thing.__name__} has no name")
        if lacking := sorted(getattr(thing, "__abstractmethods__", ())):
            raise PluginError(f"{thing.__name__} lacks {', '.join(lacking)}")
        others = [self._things[kind.name, name][1]] if (kind.name, name) in self._things else []
        others += [_origin(p) for p in self._entry_points(kind.name) if p.name == name and p.value != module]
        if others:
            raise PluginError(f"{kind.singular} {name!r} is brought by both {others[0]} and {origin}")
        self._things[kind.name, name] = (thing, origin)


_REGISTRY: Registry | None = None


def registry() -> Registry:
    """The registry of this process."""
    global _REGISTRY
    if _REGISTRY is None:
        _REGISTRY = Registry()
    return _REGISTRY


def _plugins_wanted() -> set[str] | None:
    value = os.environ.get("VSA_PLUGINS")
    return None if value is None else {name.strip() for name in value.split(",") if name.strip()}


def _listing(point: EntryPoint) -> Listing:
    distribution, version = (point.dist.name, point.dist.version) if point.dist else ("(no distribution)", "")
    return Listing(point.group.removeprefix("vsa."), point.name, point.value, distribution, version)


def _origin(point: EntryPoint) -> str:
    row = _listing(point)
    return f"{row.distribution} {row.version}".rstrip()


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(".")


def _check_api(stated: object) -> None:
    ours = hookspecs.API_VERSION
    if stated != ours:
        newer = isinstance(stated, int) and stated > ours
        way_out = "upgrade vsa-toolkit" if newer else "look for a newer version of the plugin"
        raise PluginError(f"it was written for plugin API {stated}, this vsa has {ours}: {way_out}")
