"""Messages of a websocket, however they come."""

import pytest

from tests.strange_server import Answer, StrangeServer, Talk, frame
from vqd.comfy.address import Address
from vqd.comfy.connection import Connection

TEXT, BINARY, CONTINUED, PING, CLOSE = 1, 2, 0, 9, 8
SHORT, MIDDLE, LONG = b"{}", b"m" * 1000, b"l" * 66_000
UNFINISHED = 0x7F
"""Leaves the bit out that a message's last frame has."""
SAID = b"".join(
    [
        frame(TEXT, SHORT),
        frame(TEXT, MIDDLE),
        frame(TEXT, b""),
        frame(PING, b"are you there?"),
        frame(BINARY, LONG),
        bytes([frame(TEXT, b"in ")[0] & UNFINISHED]) + frame(TEXT, b"in ")[1:],
        frame(PING, b""),
        frame(CONTINUED, b"two parts"),
        frame(TEXT, SHORT),
        frame(CLOSE, b""),
    ]
)


@pytest.mark.parametrize("piece_bytes", [7, 50, len(SAID)])
def test_messages_are_the_same_in_whatever_pieces_they_come(
    server: StrangeServer, piece_bytes: int
) -> None:
    def talk(talk: Talk) -> None:
        for start in range(0, len(SAID), piece_bytes):
            talk.connection.sendall(SAID[start : start + piece_bytes])
        talk.hear_out()

    server.answers("GET /ws", Answer(talk=talk))
    connection = Connection(Address.of(server.url), "me", 5.0)
    try:
        connection.open()
        heard = [(one.opcode, one.content) for one in connection.messages()]
    finally:
        connection.close()
    assert heard == [
        (TEXT, SHORT),
        (TEXT, MIDDLE),
        (TEXT, b""),
        (BINARY, LONG),
        (TEXT, b"in two parts"),
        (TEXT, SHORT),
    ]


def test_a_message_that_falls_silent_in_the_middle_is_heard_whole_all_the_same(
    server: StrangeServer,
) -> None:
    # The second half looks like a message of its own.
    message = frame(TEXT, b"first half" + frame(TEXT, SHORT))

    def talk(talk: Talk) -> None:
        talk.connection.sendall(message[: -len(frame(TEXT, SHORT))])
        assert talk.next_opcode() == PING
        talk.connection.sendall(frame(TEXT, SHORT) + frame(CLOSE, b""))
        talk.hear_out()

    server.answers("GET /ws", Answer(talk=talk))
    connection = Connection(Address.of(server.url), "me", 0.2)
    try:
        connection.open()
        heard = [one.content for one in connection.messages()]
    finally:
        connection.close()
    assert heard == [b"first half" + frame(TEXT, SHORT)]
