from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vsa_toolkit import __version__
from vsa_toolkit.signature import read_signature, signature, stating


@given(st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True).filter(lambda n: n != "vsa"), st.text()))
def test_any_value_comes_back_from_the_line(fields):
    assert read_signature(signature(**fields)) == fields | {"vsa": __version__}


def test_nothing_is_left_out_silently_but_none():
    assert signature(a=0, b=False, c=None, d=0.5) == f"a:0|b:no|d:0.5|vsa:{__version__}"


def test_a_signature_can_state_more_and_keeps_what_it_stated():
    said = stating(signature(dataset="a|b:c", seed=3), release="flickr-1.0@abc")
    assert read_signature(said) == read_signature(signature(dataset="a|b:c", seed=3, release="flickr-1.0@abc"))
    assert stating(said, release=None) == signature(dataset="a|b:c", seed=3)
