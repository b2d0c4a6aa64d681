"""What can go wrong between vqd and a ComfyUI server.

ComfyError
|-- Unreachable    no answer, or a gateway's: the server rests
|-- NotComfy       an answer that is not ComfyUI's: a login page, another program
|-- Refused        the prompt is not taken
|-- Missing        the server has no such file
|-- Truncated      fewer bytes came than were promised
|-- Changed        a file became another on its way in or out
'-- Oversized      an answer larger than vqd will hold in memory
"""

from vqd.domain.errors import VqdError


class ComfyError(VqdError):
    """A request to a ComfyUI server that did not get what it asked for."""


class Unreachable(ComfyError):
    """No answer: refused, reset, timed out, or a gateway without its server (502 to 504).

    A prompt that was being sent when this was raised may have been accepted; not if `is_refused`,
    for then no program listens there.
    """

    def __init__(self, message: str, hint: str | None = None, *, is_refused: bool = False) -> None:
        super().__init__("unreachable", message, hint)
        self.is_refused = is_refused


class NotComfy(ComfyError):
    """Something answered, and it was not ComfyUI."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__("not_comfyui", message, hint)


class Refused(ComfyError):
    """The server does not take the prompt; sending it again would change nothing.

    `status` is the HTTP status (200 when only some branches of the graph were refused); `node` is
    the first node that the server named; `lacking` are the input files that it says it has not.
    `is_unavailable` tells that it wants for nothing but node classes or models there.
    """

    def __init__(
        self,
        message: str,
        status: int,
        node: str | None = None,
        lacking: frozenset[str] = frozenset(),
        *,
        is_unavailable: bool = False,
    ) -> None:
        super().__init__("refused", message)
        self.is_unavailable = is_unavailable
        self.status = status
        self.node = node
        self.lacking = lacking


class Missing(ComfyError):
    """The server has no such file, or no longer."""

    def __init__(self, message: str) -> None:
        super().__init__("missing", message)


class Truncated(ComfyError):
    """A file ended before its announced length, on the way in or out."""

    def __init__(self, message: str) -> None:
        super().__init__("truncated", message)


class Changed(ComfyError):
    """A file became another: before it was sent, or while it was fetched."""

    def __init__(self, message: str) -> None:
        super().__init__("changed", message)


class Oversized(ComfyError):
    """An answer larger than is kept in memory; what was read of it is thrown away."""

    def __init__(self, message: str) -> None:
        super().__init__("oversized", message)
