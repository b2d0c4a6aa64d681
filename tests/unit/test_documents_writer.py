"""YAML that vqd writes reads back as what it was."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vqd.documents.reader import parse
from vqd.documents.writer import written

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"])
    | st.sampled_from("\n\t\x85\u2028\ufeff: #'\"{}|>-")
)


@given(text=TEXTS)
def test_any_text_reads_back_as_it_was(text: str) -> None:
    document = parse(written({"params": {"prompt": text}}).decode(), "a.yaml")
    assert document.reach(["params", "prompt"]) == (text, "params.prompt")


def test_people_can_read_it() -> None:
    told = {"name": "schöner Tag 🌞", "params": {"on": True, "cfg": 1.5}}
    assert written(told).decode() == ("name: schöner Tag 🌞\nparams:\n  'on': true\n  cfg: 1.5\n")


def test_no_value_is_written_by_a_reference_to_another() -> None:
    seeds = {"seeds": [1, 2]}
    text = written({"first": seeds, "second": seeds}).decode()
    assert text == "first:\n  seeds:\n  - 1\n  - 2\nsecond:\n  seeds:\n  - 1\n  - 2\n"


@given(
    told=st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
            lambda some: st.lists(some) | st.dictionaries(TEXTS, some),
            max_leaves=10,
        ),
        max_size=3,
    )
)
def test_numbers_and_nothing_stay_what_they_are(told: dict[str, object]) -> None:
    assert yaml.safe_load(written(told)) == told


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(TypeError, match="no plain value"):
        written({"folder": object()})


def test_a_name_that_is_not_utf_8_is_written() -> None:
    assert written({"name": "sch\udcf6n", "sun": "🌞"}) == 'name: "sch\\uDCF6n"\nsun: 🌞\n'.encode()


def test_what_libyaml_and_pyyaml_each_write_badly_reads_back_as_it_was() -> None:
    document = parse(written({"text": "🌞\x85🌞"}).decode(), "a.yaml")
    assert document.reach(["text"]) == ("🌞\x85🌞", "text")
