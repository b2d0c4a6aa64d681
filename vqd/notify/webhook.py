"""The plain way: a notice as JSON, posted to a URL."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from requests import PreparedRequest, RequestException, Session
from requests.exceptions import ConnectionError as Unconnected
from requests.exceptions import SSLError, Timeout

from vqd import __version__
from vqd.notify.message import Message
from vqd.notify.unsent import Unsent

_CONNECT_S = 5.0
_SILENCE_S = 10.0


def post(url: str, headers: Mapping[str, str], message: Message) -> None:
    """Post a message; every answer of 200 to 299 means that it was taken.

    Its header `Idempotency-Key` is the same each time that the same notice is sent. Redirects are
    not followed: a POST would arrive as a GET.

    Raises:
        Unsent: it was not taken, or nobody said so.
    """
    told = {
        "Content-Type": "application/json",
        "User-Agent": f"vqd/{__version__}",
        "Idempotency-Key": message.identity.encode("ascii", "backslashreplace").decode(),
        **headers,
    }
    try:
        with (
            Session() as session,
            session.post(
                url,
                data=orjson.dumps(message.document()),
                headers={name: text.encode() for name, text in told.items()},
                timeout=(_CONNECT_S, _SILENCE_S),
                allow_redirects=False,
                auth=_as_it_is,
                stream=True,
            ) as answer,
        ):
            status = answer.status_code
    except RequestException as error:
        raise Unsent(_why(error)) from error
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Unsent(f"it answered {status} {_phrase(status)}".rstrip())


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    """Keep requests from putting the login of some .netrc in the place of a header."""
    return request


def _why(error: RequestException) -> str:
    """Say what failed, without the URL, in which a secret may be."""
    if isinstance(error, Timeout):
        return "it did not answer in time"
    if isinstance(error, SSLError):
        return "its certificate is not to be trusted, or it speaks no TLS"
    if isinstance(error, Unconnected):
        return "it cannot be reached"
    return f"it could not be asked ({type(error).__name__})"


def _phrase(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")
