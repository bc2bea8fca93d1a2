"""The conformance kit of vsa: one test for each thing that the toolkit counts on."""

from vsa_toolkit.testing import conformance

test_it_conforms = conformance("backends", "{{ cookiecutter.name }}", "epochs=2", "dimension=16")
