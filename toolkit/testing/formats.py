"""What every format must keep, tried on a source of its own (`source=PATH`)."""

from __future__ import annotations

import inspect
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import DataError, VsaError
from ..format import Format
from ..options import Options
from ..records import ImageBundle, Problem
from .checks import Check, CheckFailedError, DoesNotApplyError, add_to, require
from .option_help import check_options

FORMAT_CHECKS: list[Check[FormatSubject]] = []
says = add_to(FORMAT_CHECKS)


class FormatSubject:
    """A format class with options, and a small source that it can read (None: only its manners can be tried)."""

    def __init__(self, kind: type[Format], options: Options, source: Path | None = None) -> None:
        self.kind, self.options, self.source = kind, options, source

    @property
    def given(self) -> Path:
        if self.source is None:
            raise DoesNotApplyError("it was given no source to read (--source PATH)")
        return self.source

    @cached_property
    def bundles(self) -> list[ImageBundle]:
        return self.read(self.given)

    def read(self, path: Path, problems: list[Problem] | None = None) -> list[ImageBundle]:
        return list(self.kind(self.options).read(path, (problems if problems is not None else []).append))


@says("options", "Options have help; unknown ones are refused.")
def _options(subject: FormatSubject) -> None:
    check_options(subject.kind)


@says("reads", "It gives one bundle an image, each with a key of its own.")
def _reads(subject: FormatSubject) -> None:
    require(bool(subject.bundles), "it read nothing from its source")
    require(
        all(isinstance(bundle, ImageBundle) for bundle in subject.bundles), "it gave something that is no ImageBundle"
    )
    keys = [bundle.key for bundle in subject.bundles]
    require(len(set(keys)) == len(keys), "two bundles have the same key")


@says("streams", "It reads as it goes: read is a generator.")
def _streams(subject: FormatSubject) -> None:
    require(inspect.isgeneratorfunction(subject.kind.read), "read is no generator: large sources would fill the memory")


@says("repeats", "Read again, it gives the same.", ["reads"])
def _repeats(subject: FormatSubject) -> None:
    require(subject.read(subject.given) == subject.bundles, "read again, the source gives something else")


@says("refers", "Groundings name sentences and regions of their own bundle, in its characters.", ["reads"])
def _refers(subject: FormatSubject) -> None:
    for bundle in subject.bundles:
        texts = {sentence.number: sentence.text for sentence in bundle.sentences}
        keys = {region.key for region in bundle.regions}
        for span in bundle.groundings:
            require(
                span.sentence in texts, f"{bundle.key}: a grounding names sentence {span.sentence}, which is not there"
            )
            inside = 0 <= span.start < span.end <= len(texts[span.sentence])
            require(inside, f"{bundle.key}: span {span.start} to {span.end} leaves its sentence")
            require(set(span.regions) <= keys, f"{bundle.key}: a grounding names a region that is not there")


@says("refuses", "A source that is not there, and one of another kind, is refused in one sentence that names it.")
def _refuses(subject: FormatSubject) -> None:
    with TemporaryDirectory() as folder:
        missing, wrong = Path(folder) / "not-there", Path(folder) / "wrong.bin"
        wrong.write_bytes(b"\x00\x01 this is nothing \xff\xfe")
        for path in (missing, wrong):
            problems: list[Problem] = []
            try:
                found = subject.read(path, problems)
            except VsaError as error:
                require(
                    path.name in str(error) or folder in str(error), f"the error does not name {path.name}: {error}"
                )
                continue
            except Exception as error:
                raise CheckFailedError(f"{path.name} raises {type(error).__name__}, no DataError: {error}") from error
            require(not found, f"{path.name} was read as {len(found)} images")
            require(bool(problems), f"{path.name} was passed over in silence")


@says("truncated", "A source that ends in its middle gives no half of an image in silence.", ["reads"])
def _truncated(subject: FormatSubject) -> None:
    if not subject.given.is_file():
        raise DoesNotApplyError("its source is a folder")
    data = subject.given.read_bytes()
    with TemporaryDirectory() as folder:
        cut = Path(folder) / subject.given.name
        cut.write_bytes(data[: len(data) // 2])
        problems: list[Problem] = []
        try:
            found = subject.read(cut, problems)
        except DataError:
            return
        whole = {bundle.key: bundle for bundle in subject.bundles}
        halves = [bundle.key for bundle in found if whole.get(bundle.key) != bundle]
        require(not halves or bool(problems), f"image {halves[0]} was read in part, in silence" if halves else "")
