"""What is sent to a server is what was checked, and nothing that a link leads to."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.samples import picture
from tests.strange_server import Answer, StrangeServer
from vqd.comfy.client import Client
from vqd.domain.graph import Target
from vqd.domain.job import InputBind
from vqd.runner import inputs
from vqd.runner.inputs import BadInput, InputChecks, Uploads

BINDS = {"image": InputBind("image", (".png",), (Target("1", "image"),))}
STORED = Answer(body={"name": "x.png", "subfolder": "vqd", "type": "input"})


class MeddledWith(Client):
    """A client before whose uploads somebody replaces the file, `times` times."""

    times = 1

    def upload(self, path: Path, **how: Any) -> str:
        if self.times:
            self.times -= 1
            picture(path, shade=100 + self.times)
        return super().upload(path, **how)


@pytest.fixture
def server() -> Iterator[StrangeServer]:
    with StrangeServer() as made:
        made.answers("POST /upload/image", STORED)
        yield made


def send(server: StrangeServer, folder: Path, *, times: int, path: str = "a.png") -> str:
    """Send a picture while it is replaced so many times; gives the hash that is recorded."""
    with closing(MeddledWith(server.url)) as client:
        client.times = times
        sent = Uploads(client, InputChecks()).send({"image": path}, BINDS, folder)
    return sent.files["image"].sha256


def test_a_picture_replaced_between_check_and_upload_is_checked_again(
    server: StrangeServer, tmp_path: Path
) -> None:
    picture(tmp_path / "a.png")
    recorded = send(server, tmp_path, times=1)
    assert recorded == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert (tmp_path / "a.png").read_bytes() in server.requests("POST /upload/image")[-1].body


def test_what_was_asked_for_last_is_remembered_and_what_was_long_ago_sent_again(
    server: StrangeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "_REMEMBERED", 2)
    for shade, name in enumerate("abc"):
        picture(tmp_path / f"{name}.png", shade=shade)
    uploads_after = []
    with closing(Client(server.url)) as client:
        uploads = Uploads(client, InputChecks())
        for name in "abacba":
            uploads.send({"image": f"{name}.png"}, BINDS, tmp_path)
            uploads_after.append(len(server.requests("POST /upload/image")))
    assert uploads_after == [1, 2, 2, 3, 4, 5]


def test_a_picture_that_is_replaced_again_and_again_is_told_of(
    server: StrangeServer, tmp_path: Path
) -> None:
    picture(tmp_path / "a.png")
    with pytest.raises(BadInput, match=r"a\.png is replaced again and again"):
        send(server, tmp_path, times=9)


def test_a_folder_swapped_for_a_link_after_the_job_was_planned_is_not_read_through(
    server: StrangeServer, tmp_path: Path
) -> None:
    picture(tmp_path / "job" / "sub" / "a.png")
    picture(tmp_path / "elsewhere" / "a.png")
    shutil.rmtree(tmp_path / "job" / "sub")
    (tmp_path / "job" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match=r"sub/a\.png cannot be read: Not a directory"):
        send(server, tmp_path / "job", times=0, path="sub/a.png")
    assert not server.requests("POST /upload/image")


def test_a_root_may_be_a_link_and_what_lies_below_it_may_not(
    server: StrangeServer, tmp_path: Path
) -> None:
    picture(tmp_path / "disk" / "shots" / "a.png")
    (tmp_path / "root").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "linked").symlink_to(tmp_path / "disk" / "shots")
    with closing(Client(server.url)) as client:
        uploads = Uploads(client, InputChecks([tmp_path / "root"]))
        sent = uploads.send({"image": f"{tmp_path}/root/shots/a.png"}, BINDS, tmp_path / "job")
        assert sent.files["image"].bytes == (tmp_path / "disk" / "shots" / "a.png").stat().st_size
        with pytest.raises(BadInput, match="cannot be read: Not a directory"):
            uploads.send({"image": f"{tmp_path}/root/linked/a.png"}, BINDS, tmp_path / "job")
