"""A target of notices, as the settings name it."""

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from vqd.documents.secrets import SECRET, secret_in
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.notify import services
from vqd.notify.message import Message
from vqd.notify.unsent import Unsent

_MOST_BYTES_ATTACHED = 1_000_000
_MOST_BYTES_POSTED = 64_000
"""In base64, with all else, that is less than the 100 kB that many a receiver takes by default."""
_WEBHOOK = re.compile(r"https?://", re.IGNORECASE)


@frozen
class Target:
    """Where notices go. `{secret}` in `url` and in `headers` stands for what is in `secret_file`.

    An http or https URL is sent the notice as JSON; every other kind of URL is apprise's. Where it
    `takes_pictures`, it is sent some.
    """

    name: str
    url: str = field(repr=False)
    secret_file: Path | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    takes_pictures: bool = True

    @property
    def most_picture_bytes(self) -> int:
        """Give how large a picture may be that it is sent; 0 for none."""
        if not self.takes_pictures:
            return 0
        return _MOST_BYTES_POSTED if self._is_webhook else _MOST_BYTES_ATTACHED

    def check(self) -> None:
        """Do nothing if a notice can be sent there, as far as that can be told without sending one.

        Raises:
            VqdError: `notify_missing`, the extra is not installed; `notify_unknown`, the URL is of
                no service that there is.
        """
        if not self._is_webhook:
            services.check(self.name, self.url.replace(SECRET, "secret"))

    def send(self, message: Message) -> None:
        """Tell it, within some ten seconds of silence at most.

        Raises:
            Unsent: it was not delivered, as far as can be told; it says why, without any secret.
        """
        secret = self._secret()
        if self._is_webhook:
            from vqd.notify import webhook  # and requests with it, for who has such a target

            headers = {name: text.replace(SECRET, secret) for name, text in self.headers.items()}
            webhook.post(self.url.replace(SECRET, quote(secret, safe="")), headers, message)
        else:
            url = self.url.replace(SECRET, quote(secret, safe=""))
            services.send(url, message, hidden=secret)

    @property
    def _is_webhook(self) -> bool:
        return _WEBHOOK.match(self.url) is not None

    def _secret(self) -> str:
        if self.secret_file is None:
            return ""
        try:
            return secret_in(self.secret_file)
        except VqdError as error:
            raise Unsent(f"its secret_file {error}") from error
