"""Connections that are kept from one request to the next, and what comes over them."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

import pytest

from tests.waiting import wait_for
from vqd.comfy.address import Address
from vqd.comfy.lane import CutShort, Lane, NoAnswer

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
        wait_for(lambda: not lane._kept[0].is_idle(), within_s=5, what="its end")
        assert asked(lane) == b"whole"


def test_one_that_is_to_end_with_its_answer_is_not_kept() -> None:
    until_the_end = OK + b"Connection: close\r\n\r\nas long as it lasts"
    with answering([until_the_end], [WHOLE]) as lane:
        assert asked(lane) == b"as long as it lasts"
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


@pytest.mark.parametrize("answer", [b"", b"what?\r\n\r\n", OK + b"X: 1\r\n" * 200 + b"\r\n"])
def test_what_is_no_answer_is_none(answer: bytes) -> None:
    with answering([answer]) as lane, pytest.raises(NoAnswer):
        asked(lane)


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
