import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.samples import picture
from tests.strange_server import Answer, StrangeServer
from vqd.comfy.client import Client
from vqd.comfy.faults import Changed
from vqd.domain.graph import Target
from vqd.domain.job import InputBind
from vqd.runner.inputs import InputChecks, Uploads
from vqd.runner.shared import SharedInputs, is_own_input

NAME = "0123456789abcdef0123456789abcdef.png"
BINDS = {"image": InputBind(kind="image", extensions=(".png",), targets=(Target("1", "image"),))}


@pytest.fixture
def input_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "input"
    folder.mkdir()
    return folder


@pytest.fixture
def job(tmp_path: Path) -> Path:
    picture(tmp_path / "job" / "a.png")
    return tmp_path / "job"


@pytest.fixture
def strange() -> Iterator[StrangeServer]:
    with StrangeServer() as made:
        stored = {"name": "sent.png", "subfolder": "vqd", "type": "input"}
        made.answers("POST /upload/image", Answer(body=stored))
        yield made


@pytest.fixture
def uploads(strange: StrangeServer, input_folder: Path) -> Iterator[Uploads]:
    client = Client(strange.url)
    yield Uploads(client, InputChecks(), input_folder)
    client.close()


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def place(input_folder: Path, job: Path, name: str = NAME, file: str = "a.png") -> str:
    path = job / file
    return SharedInputs(input_folder).place(path, name=name, sha256=sha256_of(path), below=job)


def name_for(uploads: Uploads, job: Path) -> object:
    return uploads.send({"image": "a.png"}, BINDS, job).edits[Target("1", "image")]


def test_an_input_is_linked_and_not_copied(input_folder: Path, job: Path) -> None:
    assert place(input_folder, job) == f"vqd/{NAME}"
    assert (input_folder / "vqd" / NAME).samefile(job / "a.png")
    assert [path.name for path in (input_folder / "vqd").iterdir()] == [NAME]


def test_an_input_is_copied_where_it_cannot_be_linked(
    input_folder: Path, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cross_device(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", cross_device)
    place(input_folder, job)
    placed = input_folder / "vqd" / NAME
    assert not placed.samefile(job / "a.png")
    assert placed.read_bytes() == (job / "a.png").read_bytes()
    with pytest.raises(Changed):
        SharedInputs(input_folder).place(job / "a.png", name="x", sha256="0" * 64, below=job)
    assert [path.name for path in (input_folder / "vqd").iterdir()] == [NAME]


def test_what_somebody_else_has_opened_the_way_to_is_not_linked(
    input_folder: Path, job: Path, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key.png").write_bytes(b"x")
    (job / "way").symlink_to(tmp_path / "secrets")
    (job / "link.png").symlink_to(tmp_path / "secrets" / "key.png")
    for name in ("way/key.png", "link.png"):
        with pytest.raises(OSError, match=r"key\.png|link\.png|way"):
            place(input_folder, job, file=name)
    assert not list((input_folder / "vqd").iterdir())


def test_an_input_that_was_taken_away_is_put_there_again(input_folder: Path, job: Path) -> None:
    shared = SharedInputs(input_folder)
    for _ in range(3):
        shared.place(job / "a.png", name=NAME, sha256="", below=job)
        (input_folder / "vqd" / NAME).unlink()
    shared.place(job / "a.png", name=NAME, sha256="", below=job)
    assert (input_folder / "vqd" / NAME).exists()


def test_nothing_is_made_where_the_folder_is_away(tmp_path: Path, job: Path) -> None:
    with pytest.raises(FileNotFoundError):
        place(tmp_path / "unmounted", job)
    assert not (tmp_path / "unmounted").exists()


def test_an_input_that_was_put_there_long_ago_is_put_there_again(
    input_folder: Path, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = SharedInputs(input_folder)
    placed = input_folder / "vqd" / NAME
    for is_fresh in (True, False):
        monkeypatch.setattr("vqd.runner.shared.FRESH_S", 60.0 if is_fresh else -1.0)
        shared.place(job / "a.png", name=NAME, sha256="", below=job)
        changed_at = placed.stat().st_ctime_ns
        shared.place(job / "a.png", name=NAME, sha256="", below=job)
        assert (placed.stat().st_ctime_ns == changed_at) is is_fresh


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        (NAME, True),
        ("a" * 32, True),
        (f".{'b' * 32}.part", True),
        (f"{'a' * 31}.png", False),
        ("beach.png", False),
        (f"my {NAME}", False),
    ],
)
def test_what_vqd_puts_there_is_told_by_its_name(name: str, is_own: bool) -> None:
    assert is_own_input(name) is is_own


def test_an_input_is_put_where_the_server_sees_it_and_not_sent(
    strange: StrangeServer, uploads: Uploads, input_folder: Path, job: Path
) -> None:
    name = name_for(uploads, job)
    assert (input_folder / str(name)).samefile(job / "a.png")
    assert not strange.asked


def test_an_input_that_cannot_be_put_there_is_sent(
    strange: StrangeServer, uploads: Uploads, input_folder: Path, job: Path
) -> None:
    input_folder.rmdir()
    assert [name_for(uploads, job), name_for(uploads, job)] == ["vqd/sent.png"] * 2
    assert len(strange.asked) == 1


def test_an_input_that_the_server_does_not_find_there_is_sent_until_it_may_be_another(
    strange: StrangeServer, uploads: Uploads, job: Path
) -> None:
    name = str(name_for(uploads, job))
    assert not uploads.forget_lost(frozenset({"a person's.png"}))
    assert uploads.forget_lost(frozenset({name}))
    assert name_for(uploads, job) == "vqd/sent.png"
    uploads.forget()
    assert name_for(uploads, job) == name
    assert len(strange.asked) == 1


def test_an_input_that_the_server_lost_is_sent_again(strange: StrangeServer, job: Path) -> None:
    client = Client(strange.url)
    uploads = Uploads(client, InputChecks())
    assert [name_for(uploads, job), name_for(uploads, job)] == ["vqd/sent.png"] * 2
    assert len(strange.asked) == 1
    assert uploads.forget_lost(frozenset({"vqd/sent.png"}))
    name_for(uploads, job)
    assert len(strange.asked) == 2
    client.close()
