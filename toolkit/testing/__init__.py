"""The conformance kit: what a plugin must keep, as tests and as `vsa plugins check NAME`.

In a plugin's own tests one line runs all checks of its kind, a test each:

    from vsa_toolkit.testing import conformance

    test_it_conforms = conformance("backends", "mine", "epochs=2")
"""

from __future__ import annotations

from .conformance import check_plugin, conformance

__all__ = ["check_plugin", "conformance"]
