"""All other ways (mail, ntfy, Slack, Telegram, …): those of apprise, of the extra `notify`.

It is imported when the first target needs it.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import quote

from vqd.domain.errors import VqdError
from vqd.notify.message import Message, Picture
from vqd.notify.unsent import Unsent

if TYPE_CHECKING:
    from apprise import AppriseAttachment

_MOST_TOLD = 300


def check(name: str, url: str) -> None:
    """Do nothing if apprise is there and knows what kind of URL this is.

    Raises:
        VqdError: `notify_missing` or `notify_unknown`.
    """
    scheme = url.partition(":")[0]
    if find_spec("apprise") is None:
        raise VqdError(
            "notify_missing",
            f"notify.{name}: URLs of {scheme}:// need the package apprise, which is not installed.",
            "Install vqd with its extra: vqd[notify]; or name a webhook, https://…",
        )
    from apprise import Apprise

    if Apprise.instantiate(url) is None:
        raise VqdError(
            "notify_unknown",
            f"notify.{name}: apprise does not take its URL of {scheme}:// as it is written.",
            "https://appriseit.com/services/ tells how each service is written.",
        )


def send(url: str, message: Message, *, hidden: str = "") -> None:
    """Send a message through the service that the URL names, with its picture where that takes any.

    Raises:
        Unsent: the service did not take it; says what apprise said, with `…` for what is `hidden`:
            apprise names the address, in which ntfy's topic and many a hook's token is.
    """
    from apprise import Apprise

    service = Apprise.instantiate(url)
    with _heard() as said:
        is_sent = service is not None and service.notify(
            title=message.title,
            body=message.text,
            body_format="text",  # else it is taken for what the service sends: in mail, HTML
            attach=_attached(message.picture) if service.attachment_support else None,
        )
    if not is_sent:
        why = _without(hidden, " ".join(" ".join(said).split()))
        raise Unsent(why[:_MOST_TOLD] or "the service did not take it")


def _without(hidden: str, said: str) -> str:
    for spelling in filter(None, (hidden, quote(hidden), quote(hidden, safe=""))):
        said = said.replace(spelling, "…")
    return said


def _attached(picture: Picture | None) -> "AppriseAttachment | None":
    from apprise import AppriseAttachment
    from apprise.attachment.memory import AttachMemory

    if picture is None:
        return None
    attached = AppriseAttachment()
    made = AttachMemory(picture.data, name=picture.name, mimetype=picture.mime)  # type: ignore[no-untyped-call]
    attached.add(made)
    return attached


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Give what apprise warns of in this thread alone: others may be sending meanwhile."""
    heard = _Heard(logging.WARNING)
    logger = logging.getLogger("apprise")
    logger.addHandler(heard)
    try:
        yield heard.said
    finally:
        logger.removeHandler(heard)


class _Heard(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.said.append(record.getMessage())
