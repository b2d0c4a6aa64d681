import pytest

from vqd.intake.foldednames import FoldedNames

NAMES = ["shot.txt", "Shot.TXT", "a", "caf\u00e9.yaml", "cafe\u0301.YAML", "\u0301x", "last.yml"]


@pytest.mark.parametrize("sought_before", [0, 100])
@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("SHOT.txt", ["shot.txt", "Shot.TXT"]),
        ("cafe\u0301.yaml", ["caf\u00e9.yaml", "cafe\u0301.YAML"]),
        ("a", ["a"]),
        ("\u0301X", ["\u0301x"]),
        ("LAST.yml", ["last.yml"]),
        ("ast.yml", []),
        ("shot", []),
        ("", []),
    ],
)
def test_names_are_found_in_any_case_and_form(
    name: str, alike: list[str], sought_before: int
) -> None:
    names = FoldedNames(NAMES)
    for _ in range(sought_before):
        names.like("something else")
    assert names.like(name) == alike


def test_there_is_nothing_in_an_empty_folder() -> None:
    assert FoldedNames([]).like("a") == []
    assert FoldedNames([]).like("") == []
