"""Where a server is: its base URL, what is sent with every request, and whom it must be."""

import ssl
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from urllib.parse import quote, urlsplit

from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen

_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "Write it as http://host:8188, with a path if a gateway wants one."


@frozen
class Address:
    """A server's origin, the path below which its routes lie, and headers for all requests.

    `tls` is what its certificate is checked by; None for http.
    """

    scheme: str
    host: str
    port: int
    base_path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, url: str, headers: Mapping[str, str] | None = None, ca_file: Path | None = None
    ) -> "Address":
        """Read `http(s)://host[:port][/base/path]`.

        The certificate must be of one of the authorities in `ca_file`, and of no other; without it
        of one that the system trusts. There is no way to leave it unchecked.

        Raises:
            VqdError: `bad_server_url`, it is something else, or holds a secret; `bad_ca_file`.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise _bad_url(f"{url!r} is no server's URL.", _EXAMPLE) from None
        if not parts.hostname:
            raise _bad_url(f"{url!r} names no server.", _EXAMPLE)
        if parts.username is not None:
            raise _bad_url(
                f"The URL of the server at {parts.hostname} holds a user name.",
                "Put it into the server's headers, as Authorization.",
            )
        if parts.query or parts.fragment:
            raise _bad_url(
                f"The URL of the server at {parts.hostname} goes on after its path, with ? or #.",
                "Put a token that a gateway wants into the server's headers.",
            )
        base_path = quote(parts.path.rstrip("/"), safe="/%")
        tls = _tls(ca_file) if parts.scheme == "https" else None
        return cls(parts.scheme, parts.hostname, port, base_path, dict(headers or {}), tls)

    @property
    def origin(self) -> str:
        """Give the URL without its path."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """Give host and port as a URL has them, the usual port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def websocket_url(self, client_id: str) -> str:
        """Give the URL of the websocket that hears of the prompts sent with `client_id`."""
        scheme = "wss" if self.scheme == "https" else "ws"
        return f"{scheme}://{self.netloc}{self.base_path}/ws?clientId={quote(client_id, safe='')}"

    def __str__(self) -> str:
        return f"{self.origin}{self.base_path}"


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        said = error.strerror if error.strerror and not isinstance(error, ssl.SSLError) else error
        raise VqdError(
            "bad_ca_file",
            f"{ca_file}: no certificates can be read from it: {said}.",
            "Name a PEM file of the authority that signed the server's certificate.",
        ) from error


def _bad_url(message: str, hint: str) -> VqdError:
    return VqdError("bad_server_url", message, hint)
