"""One websocket connection: bounded messages, pings, and an end that another thread can bring."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Event

from websocket import (
    ABNF,
    WebSocket,
    WebSocketBadStatusException,
    WebSocketException,
    WebSocketPayloadException,
    WebSocketTimeoutException,
)

from vqd.comfy.address import Address
from vqd.comfy.faults import NotComfy, Unreachable
from vqd.comfy.gateway import require_server
from vqd.domain.frozen import frozen

_CONNECT_S = 5.0
_MOST_MESSAGE_BYTES = 32 << 20
_READ_BYTES = 16 << 10
_WHOLE_FRAMES = (0x81, 0x82)
"""The first byte of a frame that is a whole message, text or binary (RFC 6455, section 5.2)."""
_SHORT = 126
"""A length below this is in the second byte; for this itself it follows in two."""
_BROKEN = (WebSocketException, OSError, ValueError, IndexError)
"""What websocket-client raises for a connection that fails, and for a handshake of garbage."""


@frozen
class Message:
    """A whole message; `opcode` as RFC 6455, section 5.2, has it."""

    opcode: int
    content: bytes

    @property
    def is_text(self) -> bool:
        """Tell JSON from pictures."""
        return self.opcode == ABNF.OPCODE_TEXT


class Connection:
    """A connection that hears of the prompts sent with `client_id`."""

    def __init__(self, address: Address, client_id: str, ping_s: float) -> None:
        self._address = address
        self._url = address.websocket_url(client_id)
        self._ping_s = ping_s
        self._hung_up = Event()
        self._opened: socket.socket | None = None
        self._socket = _BoundedSocket(skip_utf8_validation=True, enable_multithread=False)

    def open(self) -> None:
        """Connect and shake hands; no Origin is sent, which ComfyUI would compare with Host.

        Raises:
            Unreachable: it did not come to a websocket. NotComfy: something else answered.
        """
        try:
            self._shake_hands()
            self._socket.settimeout(self._ping_s)
        except WebSocketException as error:
            self._require_websocket(error)
            raise _broken_off(self._address, error) from error
        except _BROKEN as error:
            raise _broken_off(self._address, error) from error

    def _shake_hands(self) -> None:
        self._opened = _connected(self._address)
        if self._hung_up.is_set():  # while there was nothing to shut down yet
            self._opened.close()
            raise ConnectionAbortedError("it was hung up")
        self._socket.connect(  # type: ignore[no-untyped-call]
            self._url,
            socket=self._opened,
            header=[f"{name}: {value}" for name, value in self._address.headers.items()],
            suppress_origin=True,
            redirect_limit=0,
        )

    def _require_websocket(self, error: WebSocketException) -> None:
        """Say in words what a server, or a gateway before it, answered instead."""
        said = f"GET {self._address}/ws"
        if isinstance(error, WebSocketBadStatusException):
            require_server(error.status_code, error.resp_headers or {}, said)
            raise NotComfy(
                f"{said} answered {error.status_code}, and no websocket was opened.",
                "A gateway before ComfyUI must pass websockets on.",
            ) from error
        if answered := self._socket.handshake_response:
            require_server(answered.status, answered.headers, said)

    def messages(self) -> Iterator[Message]:
        """Give each message as it comes, until either side hangs up.

        After `ping_s` of silence the server is pinged, since it never pings by itself; the
        iteration ends when it stays silent as long again.

        Raises:
            Unreachable: the connection broke, or a message was too long.
        """
        silences = 0
        while silences <= 1 and not self._hung_up.is_set():
            try:
                message = self._next()
            except _BROKEN as error:
                raise _broken_off(self._address, error) from error
            if message is None:
                silences += 1
                continue
            silences = 0
            if message.opcode == ABNF.OPCODE_CLOSE:
                return
            if message.opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY):
                yield message

    def _next(self) -> Message | None:
        """Give the next message, pongs and the farewell included; None after a ping for silence."""
        try:
            return self._socket.message_ahead() or self._socket.message()
        except WebSocketTimeoutException:
            self._socket.ping()
            return None

    def hang_up(self) -> None:
        """End the connection, and whatever waits for it, from any thread."""
        self._hung_up.set()
        if opened := self._opened:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back; called by the thread that read from it."""
        self._socket.shutdown()  # type: ignore[no-untyped-call]


def _broken_off(address: Address, error: Exception) -> Unreachable:
    return Unreachable(f"{address}: the websocket broke off: {error}.")


def _connected(address: Address) -> socket.socket:
    """Open the connection ourselves: websocket-client would take proxies from the environment."""
    tcp = socket.create_connection((address.host, address.port), _CONNECT_S)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.tls is None:
        return tcp
    return address.tls.wrap_socket(tcp, server_hostname=address.host)


class _BoundedSocket(WebSocket):
    """A WebSocket that gives up on a message too long to be kept, before it is.

    It reads ahead: websocket-client asks for a frame's head, length and content one by one.
    """

    _unread_bytes = 0
    _ahead = b""

    def message_ahead(self) -> Message | None:
        """Give the next message if it is one short frame that comes in one piece, as almost all do.

        To take such a one apart takes a fifth of what websocket-client takes, which sees to the
        others.
        """
        if self._unread_bytes:
            return None  # of another that it has begun with
        self._read_ahead()
        ahead = self._ahead
        if len(ahead) < 2 or ahead[0] not in _WHOLE_FRAMES or ahead[1] > _SHORT:
            return None
        start, length = 2, ahead[1]
        if length == _SHORT:
            start, length = 4, int.from_bytes(ahead[2:4], "big")
        if len(ahead) < start + length:
            return None
        self._ahead = ahead[start + length :]
        return Message(ahead[0] & 0xF, ahead[start : start + length])

    def message(self) -> Message:
        """Give the next message, pongs and the farewell included, whatever it consists of."""
        opcode, frame = self.recv_data_frame(control_frame=True)
        if not self.cont_frame.recving_frames:  # else a ping came between the parts of a message
            self._unread_bytes = 0
        return Message(opcode, bytes(frame.data))

    def _recv(self, bufsize: int) -> bytes:
        self._read_ahead()
        chunk, self._ahead = self._ahead[:bufsize], self._ahead[bufsize:]
        self._unread_bytes += len(chunk)
        if self._unread_bytes > _MOST_MESSAGE_BYTES:
            raise WebSocketPayloadException(f"a message of more than {_MOST_MESSAGE_BYTES} bytes")
        return chunk

    def _read_ahead(self) -> None:
        if not self._ahead:
            self._ahead = super()._recv(_READ_BYTES)  # type: ignore[no-untyped-call]
