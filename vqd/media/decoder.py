"""A process that decodes: one question a line on stdin, one answer a line on stdout, as JSON.

What a file does to a decoder, it does to this process alone. It ends when nobody asked for a while,
when stdin does, and, by SIGALRM, when an answer takes longer than the question allows.
"""

import json
import os
import select
import signal
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vqd.media.decoding import Undecodable
from vqd.media.dimensions import dimensions
from vqd.media.identify import identify
from vqd.media.probe import blackness, probe
from vqd.media.thumbnail import thumbnails

Json = Any

STARTED = b"started\n"
"""Its first line."""


def answer(question: Mapping[str, Json]) -> Mapping[str, Json]:
    """Carry out `{ask, path, below, …}`: give its `value`, or why there is none."""
    asked = dict(question)
    ask, path, below = (asked.pop(name) for name in ("ask", "path", "below"))
    try:
        return {"value": _ASKS[ask](Path(path), Path(below) if below else None, **asked)}
    except Undecodable as error:
        return {"undecodable": error.message}
    except OSError as error:
        return {"os_error": [error.errno, error.strerror or str(error), error.filename]}
    except MemoryError:
        return {"undecodable": "it takes more memory than there is"}
    except ValueError as error:
        return {"value_error": str(error)}


def _probe(path: Path, below: Path | None) -> Json:
    return asdict(probe(path, below=below))


def _identify(path: Path, _: Path | None, *, kind: str) -> Json:
    return asdict(identify(path, kind))


def _blackness(path: Path, below: Path | None) -> Json:
    return blackness(path, below=below)


def _dimensions(path: Path, below: Path | None) -> Json:
    return dimensions(path, below=below)


def _thumbnails(path: Path, below: Path | None) -> Json:
    made = thumbnails(path, below=below)
    return [{**asdict(one), "data": b64encode(one.data).decode()} for one in made]


_ASKS: Mapping[str, Callable[..., Json]] = {
    "probe": _probe,
    "identify": _identify,
    "blackness": _blackness,
    "dimensions": _dimensions,
    "thumbnails": _thumbnails,
}


def _main(idle_s: float, niceness: int) -> None:
    os.nice(niceness)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever asked was killed: end without a word
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what a library prints is no answer
        answers.write(STARTED)
        answers.flush()
        while select.select([sys.stdin], [], [], idle_s)[0] and (line := sys.stdin.readline()):
            question = json.loads(line)
            signal.setitimer(signal.ITIMER_REAL, question.pop("within_s"))
            told = answer(question)
            signal.setitimer(signal.ITIMER_REAL, 0)
            answers.write(json.dumps(told).encode() + b"\n")
            answers.flush()


if __name__ == "__main__":
    _main(float(sys.argv[1]), int(sys.argv[2]))
