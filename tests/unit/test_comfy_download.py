import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.strange_server import Answer, StrangeServer
from vqd.comfy.client import Client
from vqd.comfy.faults import Changed, Missing, NotComfy, Truncated, Unreachable
from vqd.comfy.outputs import RemoteFile
from vqd.domain.errors import VqdError

PAGE = Answer(body="<!DOCTYPE html><title>Sign in</title>", content_type="text/html")
CONTENT = bytes(range(256)) * 4000
FILE = RemoteFile("a.mp4")
SINCE = 300_000
"""What had come when it broke off."""
MARK = {"ETag": '"17-1"', "Last-Modified": "Wed, 25 Nov 2026 10:00:00 GMT"}


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vqd.comfy.download.AGAIN_AFTER_S", (0.0, 0.0, 0.0))


def broken_off(at: int, whole_bytes: int = len(CONTENT), **headers: str) -> Answer:
    """The beginning of the file, of which the whole was promised."""
    return Answer(
        body=CONTENT[:at],
        content_type="video/mp4",
        promised_bytes=whole_bytes,
        headers={**MARK, **headers},
    )


def rest(since: int, *, whole_bytes: int = len(CONTENT), **headers: str) -> Answer:
    """The file from there on."""
    sent = f"bytes {since}-{whole_bytes - 1}/{whole_bytes}"
    marks = {**MARK, "Content-Range": sent, **headers}
    return Answer(206, CONTENT[since:whole_bytes], "video/mp4", headers=marks)


def test_what_broke_off_is_taken_up_where_it_ended(
    server: StrangeServer, client: Client, tmp_path: Path
) -> None:
    middle = replace(
        rest(SINCE), body=CONTENT[SINCE : SINCE * 3], promised_bytes=len(CONTENT) - SINCE
    )
    server.answers("GET /view", broken_off(SINCE), middle, rest(SINCE * 3))
    assert client.fetch(FILE, tmp_path / "a") == len(CONTENT)
    assert (tmp_path / "a").read_bytes() == CONTENT
    ranges = [asked.headers.get("Range") for asked in server.asked]
    assert ranges == [None, f"bytes={SINCE}-", f"bytes={SINCE * 3}-"]


def test_a_server_without_ranges_is_asked_for_the_whole_again(
    server: StrangeServer, client: Client, tmp_path: Path
) -> None:
    whole = Answer(body=CONTENT, content_type="video/mp4")
    server.answers("GET /view", broken_off(SINCE), Answer(reset=True), whole)
    assert client.fetch(FILE, tmp_path / "a") == len(CONTENT)
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("again", "said"),
    [
        (rest(SINCE, ETag='"18-1"'), "became another"),
        (rest(SINCE + 1), "became another"),
        (Answer(206, CONTENT[SINCE:], "video/mp4", headers=MARK), "became another"),
        (
            replace(rest(SINCE), headers={**MARK, "Content-Range": f"bytes {'9' * 5000}-9/9"}),
            "became another",
        ),
        (rest(SINCE, whole_bytes=900_000), "had 1024000 bytes, and 900000 when"),
        (Answer(body=CONTENT[:900_000], content_type="video/mp4"), "had 1024000 bytes, and 900000"),
        (Answer(416), "became shorter"),
    ],
)
def test_parts_of_two_files_are_not_put_together(
    server: StrangeServer, client: Client, tmp_path: Path, again: Answer, said: str
) -> None:
    server.answers("GET /view", broken_off(SINCE), again)
    with pytest.raises(Changed, match=said):
        client.fetch(FILE, tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_a_file_that_breaks_off_again_and_again_is_given_up(
    server: StrangeServer, client: Client, tmp_path: Path
) -> None:
    server.answers("GET /view", broken_off(10))
    with pytest.raises(Truncated, match="of 1024000 bytes"):
        client.fetch(FILE, tmp_path / "a")
    assert len(server.asked) == 4


def test_a_closed_client_does_not_try_again(
    server: StrangeServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.comfy.download.AGAIN_AFTER_S", (60.0,))
    client.close()
    server.answers("GET /view", Answer(502))
    with pytest.raises(Unreachable):
        client.fetch(FILE, tmp_path / "a")
    assert not server.asked


def test_a_fetched_file_is_whole(server: StrangeServer, client: Client, tmp_path: Path) -> None:
    content = os.urandom(700_000)
    server.answers("GET /view", Answer(body=content, content_type="image/png"))
    target = tmp_path / "a.part"
    assert client.fetch(RemoteFile("ä b.png", "sub/dir", "output"), target) == 700_000
    assert target.read_bytes() == content
    assert server.asked[0].target == ("/view?filename=%C3%A4+b.png&subfolder=sub%2Fdir&type=output")


def test_a_file_of_unknown_length_is_fetched(
    server: StrangeServer, client: Client, tmp_path: Path
) -> None:
    server.answers("GET /view", Answer(body=b"x" * 9, content_type="image/png", chunked=True))
    assert client.fetch(RemoteFile("a.png"), tmp_path / "a") == 9


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(404, b"404: Not Found"), Missing),
        (Answer(400), Missing),
        (Answer(500), Unreachable),
        (Answer(body=b"x" * 10, content_type="image/png", promised_bytes=11), Truncated),
        (Answer(body=b"", content_type="image/png", promised_bytes=11), Truncated),
        (Answer(reset=True), Unreachable),
        (PAGE, NotComfy),
    ],
)
def test_nothing_is_left_of_a_file_that_does_not_come_whole(
    server: StrangeServer, client: Client, tmp_path: Path, answer: Answer, fault: type[VqdError]
) -> None:
    server.answers("GET /view", answer)
    with pytest.raises(fault):
        client.fetch(RemoteFile("a.png"), tmp_path / "a.part")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["v1..2_00001_.png", "a\nb.png"])
def test_a_name_that_view_cannot_serve_is_missing(
    server: StrangeServer, client: Client, tmp_path: Path, name: str
) -> None:
    with pytest.raises(Missing, match="such a name"):
        client.fetch(RemoteFile(name), tmp_path / "a")
    assert not server.asked
