"""The format {{ cookiecutter.name }}: a text file of lines `split<tab>photo<tab>sentence`, photos relative to it."""

from pathlib import Path

from vsa_toolkit import DataError, Format, hookimpl
from vsa_toolkit.records import ImageBundle, ImageFile, SentenceText


class {{ cookiecutter.class_name }}(Format):
    """Lines of one photo stand together; each is a sentence of it."""

    name = "{{ cookiecutter.name }}"

    def root(self, path):
        return path.parent

    def read(self, path, report):
        photo, split, texts = None, None, []
        for number, line in enumerate(read_lines(path), start=1):
            parts = line.rstrip("\n").split("\t")
            if len(parts) != 3 or not line.endswith("\n"):
                raise DataError(f"{path}, line {number}: split, photo and sentence are expected, with tabs between.")
            if parts[1] != photo and photo is not None:
                yield bundle(photo, split, texts)
                texts = []
            split, photo = parts[:2]
            texts.append(parts[2])
        if photo is not None:
            yield bundle(photo, split, texts)


def bundle(photo, split, texts):
    sentences = tuple(SentenceText(number, text) for number, text in enumerate(texts))
    return ImageBundle(photo, ImageFile(photo, Path(photo), split), sentences=sentences)


def read_lines(path):
    try:
        with path.open(encoding="utf-8") as lines:
            yield from lines
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error


@hookimpl
def vsa_formats(register):
    register({{ cookiecutter.class_name }})
