"""The conformance kit of vsa: one test for each thing that the toolkit counts on."""

from pathlib import Path

from vsa_toolkit.testing import conformance

SOURCE = Path(__file__).parent / "list.txt"

test_it_conforms = conformance("formats", "{{ cookiecutter.name }}", source=SOURCE)
