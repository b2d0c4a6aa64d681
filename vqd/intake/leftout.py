"""Files that lie where a job's inputs do and that no input takes, in words."""

from collections.abc import Iterable, Iterator

_MOST_NAMED = 3
"""Files of one ending that are told by name."""
_MOST_ENDINGS = 20


def in_words(paths: Iterable[str]) -> tuple[str, ...]:
    """Give a text for the files of each ending, such as `a.tif, b.tif and 3 more .tif`."""
    endings: dict[str, list[str]] = {}
    for path in paths:
        endings.setdefault(_ending(path), []).append(path)
    return tuple(_told(endings))


def _told(endings: dict[str, list[str]]) -> Iterator[str]:
    for at, (ending, paths) in enumerate(endings.items()):
        if at == _MOST_ENDINGS:
            yield f"files with {len(endings) - at} other endings"
            return
        named, more = ", ".join(paths[:_MOST_NAMED]), len(paths) - _MOST_NAMED
        kind = ending or "without an ending"
        yield f"{named} and {more:,} more {kind}" if more > 0 else named


def _ending(path: str) -> str:
    stem, dot, ending = path.rpartition("/")[2].rpartition(".")
    return f"{dot}{ending}".lower() if stem else ""
