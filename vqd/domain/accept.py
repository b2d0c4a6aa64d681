"""What a workflow asks of an output before it is published."""

from vqd.domain.frozen import frozen


@frozen
class Accept:
    """Bounds of an output, each of them allowed itself; None: there is none.

    `min_count` and `max_count` are files of one prompt, `max_black` is the share of black pixels, 0
    to 1, durations are those of a clip or sound. `size` is WIDTHxHEIGHT, or the name of a parameter
    whose value is one. `min_seconds` is the least time that a server takes for a prompt of which it
    had nothing in its cache.
    """

    min_count: int = 1
    max_count: int | None = None
    min_frames: int | None = None
    max_frames: int | None = None
    min_bytes: int | None = None
    size: str | None = None
    max_black: float | None = None
    min_seconds: float | None = None
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    min_chars: int | None = None
    max_chars: int | None = None
