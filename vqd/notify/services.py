"""All other ways (mail, ntfy, Slack, Telegram, …): those of apprise, of the extra `notify`.

It is imported when the first target needs it.
"""

from importlib.util import find_spec

from vqd.domain.errors import VqdError
from vqd.notify.message import Message
from vqd.notify.unsent import Unsent

_WARNING = 30
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


def send(url: str, message: Message) -> None:
    """Send a message through the service that the URL names.

    Raises:
        Unsent: the service did not take it; says what apprise said.
    """
    from apprise import Apprise, LogCapture

    service = Apprise.instantiate(url)
    with LogCapture(level=_WARNING, fmt="%(message)s") as said:  # type: ignore[no-untyped-call]
        is_sent = service is not None and service.notify(title=message.title, body=message.text)
        why = " ".join(said.getvalue().split())
    if not is_sent:
        raise Unsent(why[:_MOST_TOLD] or "the service did not take it")
