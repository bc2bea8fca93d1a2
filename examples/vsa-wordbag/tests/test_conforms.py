"""The conformance kit of vsa: one test for each thing that the toolkit counts on."""

from vsa_toolkit.testing import conformance

test_it_conforms = conformance("backends", "wordbag", "epochs=2", "dimension=16")
