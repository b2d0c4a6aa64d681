"""One name in several spellings."""

from vqd.domain.spelling import Spellings, spellings

KNOWN = Spellings(["Wan\\high.safetensors", "wan/low.safetensors", "euler", 5, True])


def test_a_name_is_found_blind_to_slashes_and_case() -> None:
    assert KNOWN.find("wan/HIGH.safetensors") == "Wan\\high.safetensors"
    assert KNOWN.find("WAN\\low.safetensors") == "wan/low.safetensors"
    assert KNOWN.find("Euler") == "euler"


def test_a_name_that_is_not_among_them_is_not_found() -> None:
    assert KNOWN.find("high.safetensors") is None
    assert KNOWN.find("5") is None


def test_of_names_that_differ_in_case_alone_the_one_meant_is_found() -> None:
    twins = Spellings(["a\\X.pt", "a\\x.pt"])
    assert [twins.find(name) for name in ("a/X.pt", "a/x.pt", "a\\x.pt", "A/X.PT")] == [
        "a\\X.pt",
        "a\\x.pt",
        "a\\x.pt",
        "a\\X.pt",
    ]


def test_equal_lists_of_choices_are_gone_through_once() -> None:
    first, second = (spellings(tuple(f"{n}.pt" for n in range(9))) for _ in range(2))
    assert first is second
