"""Connections that are kept from one request to the next, and what comes over them."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

import pytest

from tests.waiting import wait_for
from vqd.comfy.address import Address
from vqd.comfy.lane import Lane
from vqd.comfy.reply import CutShort, NoAnswer

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 5\r\n\r\nwhole"


@contextmanager
def answering(*connections: Sequence[bytes]) -> Iterator[Lane]:
    """Give the lane to a server that says so much on each connection, an answer for each request,
    and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_answer, args=(server, connections))
        thread.start()
        lane = Lane(Address("http", *server.getsockname()), connect_s=5.0, silence_s=5.0)
        try:
            yield lane
        finally:
            lane.close()
            thread.join()


def _answer(server: socket.socket, connections: Sequence[Sequence[bytes]]) -> None:
    for answers in connections:
        connection, _ = server.accept()
        with connection:
            for answer in answers:
                _hear(connection)
                connection.sendall(answer)


def _hear(connection: socket.socket) -> None:
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += connection.recv(1 << 16) or b"\r\n\r\n"


@contextmanager
def listening() -> Iterator[tuple[Lane, list[bytes]]]:
    """Give the lane to a server that answers once, and what that hears."""
    heard: list[bytes] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(1 << 16))
            connection.sendall(WHOLE)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=answer, args=(server,))
        thread.start()
        lane = Lane(Address("http", *server.getsockname()), connect_s=5.0, silence_s=5.0)
        try:
            yield lane, heard
        finally:
            lane.close()
            thread.join()


def asked(lane: Lane) -> bytes:
    """Ask, and give the content of the answer."""
    reply = lane.send("GET", "/", {}, ())
    try:
        return b"".join(reply.chunks())
    finally:
        reply.close()


def test_a_connection_carries_one_request_after_the_other() -> None:
    with answering([WHOLE, WHOLE, WHOLE]) as lane:
        assert [asked(lane) for _ in range(3)] == [b"whole"] * 3


def test_one_that_the_server_gave_up_meanwhile_is_not_used_again() -> None:
    with answering([WHOLE], [WHOLE]) as lane:
        assert asked(lane) == b"whole"
        wait_for(lambda: not lane._kept[0].is_idle(), within_s=30, what="its end")
        assert asked(lane) == b"whole"


def test_one_that_is_to_end_with_its_answer_is_not_kept() -> None:
    until_the_end = OK + b"Connection: close\r\n\r\nas long as it lasts"
    with answering([until_the_end], [WHOLE]) as lane:
        assert asked(lane) == b"as long as it lasts"
        assert asked(lane) == b"whole"


@pytest.mark.parametrize("length", ["\u00b2", "-5", "5x", "9" * 5000])
def test_one_of_which_no_length_is_told_is_read_to_its_end(length: str) -> None:
    head = OK + b"Content-Length: " + length.encode("latin-1")
    with answering([head + b"\r\n\r\nto the end"], [WHOLE]) as lane:
        assert asked(lane) == b"to the end"
        assert asked(lane) == b"whole"


def test_one_whose_answer_was_not_read_is_not_kept() -> None:
    with answering([WHOLE], [WHOLE]) as lane:
        lane.send("GET", "/", {}, ()).close()
        assert asked(lane) == b"whole"


def test_an_answer_in_pieces_is_put_together() -> None:
    pieces = b"5\r\nin tw\r\n6\r\no goes\r\n0\r\n\r\n"
    with answering([OK + b"Transfer-Encoding: chunked\r\n\r\n" + pieces, WHOLE]) as lane:
        assert asked(lane) == b"in two goes"
        assert asked(lane) == b"whole"


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 50\r\n\r\nnot whole",
        OK + b"Transfer-Encoding: chunked\r\n\r\n32\r\nnot whole",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n",
    ],
)
def test_an_answer_that_ends_too_early_is_told_from_a_whole_one(answer: bytes) -> None:
    with answering([answer]) as lane, pytest.raises(CutShort):
        asked(lane)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "it closed the connection"),
        (OK + b"Content-Le", "it closed the connection"),
        (b"what?\r\n\r\n", "it does not speak HTTP"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "it does not speak HTTP"),
        (b"HTTP/2 200\r\n\r\n", "it does not speak HTTP"),
        (OK + b"X: 1\r\n" * 200 + b"\r\n", "more than 100 headers"),
        (OK + b"X: " + b"x" * 100_000, "a line without an end"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n", "a chunk without a length"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nno\r\n", "a chunk longer than it said"),
    ],
)
def test_what_is_no_answer_is_none_and_it_is_said_why(answer: bytes, said: str) -> None:
    with answering([answer]) as lane, pytest.raises(NoAnswer, match=said):
        asked(lane)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200\r\ncontent-length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\nCONTENT-LENGTH:5\n\n",
        b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n"
        + OK
        + b"nonsense\r\nX: a\r\n b\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\n",
    ],
)
def test_heads_are_read_however_they_are_written(head: bytes) -> None:
    with answering([head + b"whole", WHOLE]) as lane:
        assert asked(lane) == b"whole"
        assert asked(lane) == b"whole", "over the same connection"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_an_answer_of_which_no_content_is_to_come_has_none(answer: bytes) -> None:
    with answering([answer, WHOLE]) as lane:
        assert asked(lane) == b""
        assert asked(lane) == b"whole"


def test_what_is_asked_for_without_its_content_is_told_by_its_head() -> None:
    with answering([OK + b"Content-Length: 5\r\nX-A: b\r\n\r\n", WHOLE]) as lane:
        reply = lane.send("HEAD", "/", {}, ())
        assert (reply.status, reply.headers["x-a"], [*reply.chunks()]) == (200, "b", [])
        reply.close()
        assert asked(lane) == b"whole"


def test_what_comes_beyond_an_answer_is_not_taken_for_the_next() -> None:
    with answering([WHOLE + WHOLE.replace(b"whole", b"false")], [WHOLE]) as lane:
        assert asked(lane) == b"whole"
        assert asked(lane) == b"whole", "over another connection"


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/a\r\nX: 1", {}), ("/a b", {}), ("/", {"X": "1\r\nY: 2"}), ("/", {"X": "\u20ac"})],
)
def test_nothing_is_sent_that_would_end_a_line_early(path: str, headers: dict[str, str]) -> None:
    with answering([WHOLE]) as lane:
        with pytest.raises(NoAnswer, match="has a character"):
            lane.send("GET", path, headers, ())
        assert asked(lane) == b"whole"


def test_a_header_of_the_settings_stands_for_the_usual_one() -> None:
    with listening() as (lane, heard):
        reply = lane.send("GET", "/x", {"host": "studio", "Accept-Encoding": "gzip"}, ())
        assert [*reply.chunks()] == [b"whole"]
        reply.close()
    assert heard == [b"GET /x HTTP/1.1\r\nhost: studio\r\nAccept-Encoding: gzip\r\n\r\n"]


def test_a_fault_in_what_is_sent_is_told_as_it_is() -> None:
    def body() -> Iterator[bytes]:
        yield b"a"
        raise OSError(5, "the disk is broken")

    with answering([WHOLE], [WHOLE]) as lane:
        with pytest.raises(OSError, match="the disk is broken"):
            lane.send("POST", "/", {"Content-Length": "2"}, body())
        assert asked(lane) == b"whole"


def test_that_no_program_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = Address("http", *server.getsockname())
    with pytest.raises(NoAnswer, match="Connection refused") as raised:
        Lane(address, connect_s=5.0, silence_s=5.0).send("GET", "/", {}, ())
    assert raised.value.is_refused
