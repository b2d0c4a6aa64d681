import pytest

from vqd.documents.credentials import without_credentials


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://ann:hunter2@gpu1:8188/x", "http://gpu1:8188/x"),
        ("http://ann:hunt@er2@gpu1:8188", "http://gpu1:8188"),
        ("'http://ann:a@b@gpu1' and http://bob:c@gpu2/d@e", "'http://gpu1' and http://gpu2/d@e"),
        ("http://gpu1/a@b", "http://gpu1/a@b"),
    ],
)
def test_nothing_of_a_password_is_left_in_a_url(text: str, told: str) -> None:
    assert without_credentials(text) == told
