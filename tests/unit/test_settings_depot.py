"""The depot as the settings write it."""

from pathlib import Path

import pytest

from tests.builders import write
from vqd.domain.errors import Faults
from vqd.settings.load import load_settings

DATABASE = "database: postgresql://vqd@db/vqd\n"
PLACES = "spool: spool\nstate_dir: state\n"
OPTIONS = "{endpoint_url: 'http://minio:9000', key: AKIA1, secret_file: depot.key, cache: 2G}"


def test_a_depot_is_opened_by_what_its_options_say(tmp_path: Path) -> None:
    text = f"{PLACES}{DATABASE}depot: s3://studio/vqd/\ndepot_options: {OPTIONS}\n"
    settings = load_settings(write(tmp_path / "vqd.yaml", text))

    address = settings.depot_address

    assert address is not None
    assert (address.url, address.endpoint_url) == ("s3://studio/vqd", "http://minio:9000")
    assert (address.key, address.secret_file) == ("AKIA1", tmp_path / "depot.key")
    assert address.cache_bytes == 2 << 30
    assert str(address) == "s3://studio/vqd at http://minio:9000"


def test_what_opens_it_is_shown_to_nobody(tmp_path: Path) -> None:
    (tmp_path / "depot.key").write_text("sesame", encoding="utf-8")
    text = f"{PLACES}{DATABASE}depot: s3://studio/vqd\ndepot_options: {OPTIONS}\n"
    settings = load_settings(write(tmp_path / "vqd.yaml", text))
    for shown in (repr(settings), str(settings.shown), repr(settings.depot_address)):
        assert "AKIA1" not in shown
        assert "sesame" not in shown


def test_its_options_may_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VQD_DEPOT", "file:///mnt/share/vqd")
    monkeypatch.setenv("VQD_DEPOT_OPTIONS__CACHE", "1M")
    address = load_settings(write(tmp_path / "vqd.yaml", f"{PLACES}{DATABASE}")).depot_address
    assert address is not None
    assert (address.url, address.cache_bytes) == ("file:///mnt/share/vqd", 1 << 20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("depot: s3://studio/vqd", "name it, too"),
        (f"{DATABASE}depot: studio/vqd", "no URL of a depot"),
        (f"{DATABASE}depot: s3://", "no URL of a depot"),
        (f"{DATABASE}depot: 's3://key:secret@studio/vqd'", "without a key in it"),
        (f"{DATABASE}depot: s3://a/b\ndepot_options: {{key: k}}", "go together"),
        (f"{DATABASE}depot: s3://a/b\ndepot_options: {{cache: large}}", "no size"),
        (f"{DATABASE}depot_options: {{region: eu-west-1}}", "no depot"),
    ],
)
def test_what_is_wrong_with_a_depot_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Faults, match=said) as caught:
        load_settings(write(tmp_path / "vqd.yaml", f"{PLACES}{text}\n"))
    assert "key:secret" not in "".join(problem.in_full for problem in caught.value.problems)


def test_without_one_there_is_none(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path / "vqd.yaml", f"{PLACES}{DATABASE}")).depot_address is None
