"""What a depot keeps to, whatever store it is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.depot.store import S3Store
from vqd.depot.depot import Depot
from vqd.domain.depot import DepotAddress
from vqd.domain.errors import VqdError


@pytest.fixture
def depot(address: DepotAddress) -> Depot:
    return Depot(address)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.bin"
    path.write_bytes(b"made" * 5000)
    return path


@pytest.fixture
def s3_depot(s3: S3Store, tmp_path: Path) -> Depot:
    return Depot(s3.address(tmp_path, prefix=tmp_path.name))


def test_what_was_put_there_is_fetched_as_it_was(depot: Depot, file: Path, tmp_path: Path) -> None:
    depot.put(file, "outputs/a/1/2/1-p.tar")

    depot.fetch("outputs/a/1/2/1-p.tar", tmp_path / "here")

    assert (tmp_path / "here").read_bytes() == file.read_bytes()
    assert depot.size("outputs/a/1/2/1-p.tar") == 20_000
    assert depot.names("outputs/a/") == ["outputs/a/1/2/1-p.tar"]
    assert depot.names("outputs/b/") == []


def test_what_is_put_again_takes_the_place_of_what_was_there(depot: Depot, file: Path) -> None:
    depot.put(file, "inputs/a/x")
    file.write_bytes(b"other")
    depot.put(file, "inputs/a/x")
    assert depot.size("inputs/a/x") == 5
    assert depot.names("inputs/a/") == ["inputs/a/x"]


def test_what_is_removed_is_gone_and_may_have_been_before(depot: Depot, file: Path) -> None:
    depot.put(file, "inputs/a/x")
    depot.remove(["inputs/a/x", "inputs/a/never"])
    assert depot.size("inputs/a/x") is None
    assert depot.names("inputs/a/") == []


def test_what_is_not_there_is_lacking_and_the_depot_is_not_away(
    depot: Depot, tmp_path: Path
) -> None:
    with pytest.raises(VqdError, match="has no inputs/a/x") as caught:
        depot.fetch("inputs/a/x", tmp_path / "here")
    assert caught.value.code == "depot_lacks"
    assert depot.why_away is None


def test_an_empty_file_travels_too(depot: Depot, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    depot.put(tmp_path / "empty", "inputs/a/x")
    depot.fetch("inputs/a/x", tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == b""
    assert depot.size("inputs/a/x") == 0


def test_a_store_that_does_not_answer_is_away_until_it_does(
    s3: S3Store, s3_depot: Depot, file: Path
) -> None:
    s3_depot.put(file, "inputs/a/x")
    s3.go_away()
    try:
        with capture_logs() as logs, pytest.raises(VqdError, match="is away: Could not") as caught:
            s3_depot.look()
        with pytest.raises(VqdError):
            s3_depot.put(file, "inputs/a/y")
    finally:
        s3.come_back()
    assert caught.value.code == "depot_away"
    assert [line["event"] for line in logs] == ["depot.away"]
    assert "Could not connect" in (s3_depot.why_away or "")

    s3_depot.look()

    assert not s3_depot.why_away
    assert s3_depot.size("inputs/a/x") == 20_000


def test_whoever_waits_for_a_store_is_told_once_when_it_answers_again(
    s3: S3Store, file: Path, tmp_path: Path
) -> None:
    backs = list[str]()
    depot = Depot(s3.address(tmp_path), lambda: backs.append("back"))
    depot.look()
    s3.go_away()
    try:
        with pytest.raises(VqdError):
            depot.look()
        assert backs == []
    finally:
        s3.come_back()
    for _ in range(2):
        depot.put(file, "inputs/a/x")
    assert backs == ["back"]


def test_a_bucket_that_is_not_there_is_away_and_says_so(
    s3: S3Store, file: Path, tmp_path: Path
) -> None:
    address = s3.address(tmp_path)
    other = DepotAddress("s3://nobodys/vqd", address.endpoint_url, None, "k", address.secret_file)
    with pytest.raises(VqdError, match="no such bucket or folder") as caught:
        Depot(other).put(file, "inputs/a/x")
    assert caught.value.code == "depot_away"


def test_a_folder_that_went_away_is_not_made_anew(file: Path, tmp_path: Path) -> None:
    depot = Depot(DepotAddress(f"file://{tmp_path}/mount/depot"))
    asked: list[Callable[[], object]] = [
        lambda: depot.put(file, "x"),
        depot.look,
        lambda: depot.fetch("x", tmp_path / "y"),
    ]
    for ask in asked:
        with pytest.raises(VqdError, match="no such bucket or folder") as caught:
            ask()
        assert caught.value.code == "depot_away"
    assert not (tmp_path / "mount").exists()


def test_a_store_that_nothing_here_speaks_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VqdError, match="pip install") as caught:
        Depot(DepotAddress("nonesuch://bucket/vqd"))
    assert caught.value.code == "depot_not_installed"


def test_nothing_secret_is_told_of_a_depot(s3: S3Store, tmp_path: Path) -> None:
    address = s3.address(tmp_path)
    for text in (str(address), repr(address)):
        assert "sesame" not in text
        assert "key='vqd'" not in text
