"""YAML that vqd writes reads back as what it was."""

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


def test_a_name_that_is_not_utf_8_is_written() -> None:
    assert written({"name": "sch\udcf6n", "sun": "🌞"}) == 'name: "sch\\uDCF6n"\nsun: 🌞\n'.encode()


def test_what_libyaml_and_pyyaml_each_write_badly_reads_back_as_it_was() -> None:
    document = parse(written({"text": "🌞\x85🌞"}).decode(), "a.yaml")
    assert document.reach(["text"]) == ("🌞\x85🌞", "text")
