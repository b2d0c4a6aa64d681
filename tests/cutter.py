"""What stands between a client and PostgreSQL, and cuts their connections where a test wants."""

import contextlib
import select
import socket
import threading
from typing import Self
from urllib.parse import urlsplit


class Cutter:
    """Passes bytes on, until it is to cut a connection at a word that the client says."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.port is not None
        self._server = ("127.0.0.1", parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = parts._replace(
            netloc=f"{parts.username}@127.0.0.1:{self._listener.getsockname()[1]}"
        ).geturl()
        self._word: bytes | None = None
        self._let_by = 0
        self._is_passed_on = False
        self._is_server_told = True
        self._left_open: list[socket.socket] = []
        self.cuts = 0
        self.ways = 0
        """Ways there and back: how often a client spoke that had heard the server."""
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)

    def cut_at(
        self, word: bytes, *, is_passed_on: bool, is_server_told: bool = True, let_by: int = 0
    ) -> None:
        """Cut the connection over which this word is said next, after it was `let_by` so many
        times; the server still hears it, and nobody its answer, or it does not hear it. One that is
        not told takes it for open."""
        self._word, self._is_passed_on, self._let_by = word, is_passed_on, let_by
        self._is_server_told = is_server_told

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for thread in self._threads:
            thread.join()
        for server in self._left_open:
            server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._pass_on, args=(client,))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server, contextlib.suppress(OSError):
            for one in (client, server):  # as PostgreSQL and its clients have it
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            is_heard = True
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for one in ready:
                    said = one.recv(65536)
                    self.ways += one is client and is_heard
                    is_heard = one is server
                    if not said or (one is client and self._is_cut(said, server)):
                        return
                    (server if one is client else client).sendall(said)

    def _is_cut(self, said: bytes, server: socket.socket) -> bool:
        if self._word is None or self._word not in said:
            return False
        if self._let_by:
            self._let_by -= 1
            return False
        self._word = None
        self.cuts += 1
        if not self._is_server_told:
            self._left_open.append(server.dup())
        if self._is_passed_on:
            server.sendall(said)
            server.shutdown(socket.SHUT_WR)
            while server.recv(65536):  # until it has done all that was said
                pass
        return True
