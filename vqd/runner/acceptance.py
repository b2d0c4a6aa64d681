"""What an output must be to be published, by what its workflow accepts."""

from collections.abc import Collection, Mapping
from pathlib import Path

from vqd.domain.accept import Accept
from vqd.domain.errors import VqdError
from vqd.domain.graph import Value
from vqd.domain.job import ExpectedOutput
from vqd.domain.kinds import KINDS
from vqd.domain.param import sides_of
from vqd.domain.workflow import FLIP
from vqd.media.apart import Media, blackness

MOST_FILES = 100_000
"""How many files one prompt may make of an output that does not say: a clip's frames are fewer."""


class BadOutput(VqdError):
    """An output is missing, cut short, does not decode, or is not accepted; `file` is where what
    came was put, if it did."""

    def __init__(self, message: str, file: Path | None = None) -> None:
        super().__init__("bad_output", message)
        self.file = file


def check_count(expected: ExpectedOutput, count: int) -> None:
    """Refuse too few and too many files of one output.

    Raises:
        BadOutput: saying how many came.
    """
    least, most = expected.accept.min_count, expected.accept.max_count
    if most is None and count > MOST_FILES:
        most = MOST_FILES
    if not _is_within(count, least, most):
        came = "1 file came" if count == 1 else f"{count} files came"
        raise BadOutput(f"Of the output {expected.slot} {came}; {_asked(least, most)} asked for.")


def check_seconds(expected: Collection[ExpectedOutput], seconds: float) -> None:
    """Refuse what was made faster than it can be; 0 seconds are not known ones.

    Raises:
        BadOutput: saying how long it took.
    """
    for output in expected:
        least = output.accept.min_seconds
        if least is not None and 0 < seconds < least:
            took = f"was made in {seconds:g} s, which takes {least:g} s at least"
            raise BadOutput(f"The output {output.slot} {took}, and nothing of it was cached.")


def check_file(
    path: Path, media: Media, expected: ExpectedOutput, values: Mapping[str, Value]
) -> None:
    """Refuse a file that is not what the workflow promises; `values` are those that it was made
    with.

    Raises:
        BadOutput: saying what it is, and what is asked for.
    """
    accept = expected.accept
    said = (
        _other_kind(media, expected.kind)
        or _too_small(media, accept)
        or _other_frames(media, accept)
        or _other_size(media, accept, values)
        or _other_duration(media, accept)
        or _other_length(media, accept)
        or _too_black(path, accept)
    )
    if said:
        raise BadOutput(f"The output {expected.slot} {said}.", path)


def _other_kind(media: Media, kind: str) -> str | None:
    if kind in (media.kind, "file"):
        return None
    found, asked = KINDS[media.kind].noun, KINDS[kind].noun
    return f"is {found} (`kind: {media.kind}`); {asked} is asked for (`kind: {kind}`)"


def _too_small(media: Media, accept: Accept) -> str | None:
    least = accept.min_bytes
    if least is None or media.bytes >= least:
        return None
    return f"has {media.bytes} bytes; {_asked(least, None)} asked for"


def _other_frames(media: Media, accept: Accept) -> str | None:
    least, most, frames = accept.min_frames, accept.max_frames, media.frames or 1
    if _is_within(frames, least, most):
        return None
    noun = "frame" if frames == 1 else "frames"
    return f"has {frames} {noun}; {_asked(least, most)} asked for"


def _other_duration(media: Media, accept: Accept) -> str | None:
    least, most = accept.min_duration_s, accept.max_duration_s
    if media.seconds is None or _is_within(media.seconds, least, most):
        return None
    return f"lasts {media.seconds:.2f} s; {_asked(least, most)} asked for"


def _other_length(media: Media, accept: Accept) -> str | None:
    least, most = accept.min_chars, accept.max_chars
    if media.chars is None or _is_within(media.chars, least, most):
        return None
    noun = "character" if media.chars == 1 else "characters"
    return f"has {media.chars} {noun}; {_asked(least, most)} asked for"


def _other_size(media: Media, accept: Accept, values: Mapping[str, Value]) -> str | None:
    if accept.size is None:
        return None
    asked = sides_of(str(values.get(accept.size, accept.size)))
    if accept.size in values and values.get(FLIP):
        asked = asked[1], asked[0]
    if asked == (media.width, media.height):
        return None
    return f"is {media.width}x{media.height}; {asked[0]}x{asked[1]} is asked for"


def _too_black(path: Path, accept: Accept) -> str | None:
    if accept.max_black is None or (black := blackness(path)) <= accept.max_black:
        return None
    return f"is {black:.0%} black; {accept.max_black:.0%} is the most"


def _is_within(found: float, least: float | None, most: float | None) -> bool:
    return (least is None or least <= found) and (most is None or found <= most)


def _asked(least: float | None, most: float | None) -> str:
    low, high = _plain(least or 0), _plain(most or 0)
    if least == most:
        return f"{low} {'is' if least == 1 else 'are'}"
    if most is None:
        return f"{low} or more are"
    return f"{low} to {high} are" if least else f"at most {high} are"


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)
