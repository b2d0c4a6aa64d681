"""Thumbnails of what a report comes to next, made side by side while it is written.

A page is written prompt by prompt, and one decoder at a time leaves the other cores idle.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from vqd.domain.errors import VqdError
from vqd.media.report_job import ReportOutput, ReportPrompt
from vqd.media.report_pictures import has_length
from vqd.media.thumbnails import Thumbnails

_AT_ONCE: Final = 2
_AHEAD: Final = 16  # prompts
_MOST: Final = 2000  # prompts: the page has no room for pictures of more
_SMALL: Final = frozenset({"image", "video", "audio"})


def with_thumbnails(
    prompts: Iterable[ReportPrompt], folder: Path, kept: Thumbnails
) -> Iterator[ReportPrompt]:
    """Give the prompts as they are, each when the thumbnails of its outputs are `kept` that can be
    made, in the job's `folder`."""
    following = iter(prompts)
    coming: deque[tuple[ReportPrompt, list[Future[None]]]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, "ahead") as threads:
        for prompt in islice(following, _MOST):
            makings = [
                threads.submit(_make, output, folder, kept)
                for output in prompt.outputs
                if output.kind in _SMALL and kept.get(output.sha256) is None
            ]
            coming.append((prompt, makings))
            if len(coming) > _AHEAD:
                yield _made(*coming.popleft())
        while coming:
            yield _made(*coming.popleft())
    yield from following


def _made(prompt: ReportPrompt, makings: Iterable[Future[None]]) -> ReportPrompt:
    for making in makings:
        making.result()
    return prompt


def _make(output: ReportOutput, folder: Path, kept: Thumbnails) -> None:
    """Make what can be made; the page says of the rest why it is not there."""
    path = folder / output.path
    with suppress(VqdError, OSError, ValueError):
        if ".." not in path.parts and has_length(path, output.bytes):
            kept.make(path, output.sha256, below=folder)
