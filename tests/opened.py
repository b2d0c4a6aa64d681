"""Opening every file of a job's folder in done/ or failed/, as its kind asks."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from vqd.domain.graph import NamedGraph
from vqd.intake import jobfile
from vqd.media.probe import probe
from vqd.spool.statusschema import status_schema

MANIFEST_KEYS = [
    *("output", "prompt", "inputs", "params", "seed", "server", "attempt", "started_at", "seconds"),
    *("sha256", "bytes", "kind", "width", "height", "frames", "fps", "graph"),
]
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def opened(folder: Path) -> Counter[str]:
    """Open every file that lies in a closed job's folder, and count them by kind.

    Raises:
        AssertionError: one is not what its name says, or nobody knows what it is.
    """
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir())
    return Counter(_opened(folder, path) for path in paths)


def _opened(folder: Path, path: Path) -> str:
    name = path.relative_to(folder).as_posix()
    for pattern, kind, open_it in _KINDS:
        if re.fullmatch(pattern, name):
            open_it(folder, path)
            return kind
    raise AssertionError(f"nobody knows what {name} is")


def _status(folder: Path, path: Path) -> None:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.validate(told, status_schema(), format_checker=jsonschema.FormatChecker())
    assert [*told] == [*status_schema()["properties"]]
    assert told["job"] == folder.name
    counts = told["counts"]
    states = ("pending", "running", "succeeded", "failed", "cancelled")
    assert counts["total"] == sum(counts[state] for state in states)
    times = [told[f"{name}_at"] for name in ("accepted", "started", "finished", "heartbeat")]
    assert all(re.fullmatch(_TIME, at) for at in times if at is not None)
    assert counts["pending"] + counts["running"] == 0
    assert told["finished_at"] is not None


def _manifest(folder: Path, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text or text.endswith("\n")
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    listed = [line["output"] for line in lines]
    made = {
        path.relative_to(folder).as_posix()
        for path in (folder / "outputs").rglob("*")
        if path.is_file() and not Path(f"{path}.yaml").exists() and path.suffix != ".yaml"
    }
    assert len({*listed}) == len(listed)
    assert made <= {*listed}
    for line in lines:
        assert [key for key in line if key in MANIFEST_KEYS] == MANIFEST_KEYS
        content = (folder / line["output"]).read_bytes()
        assert line["bytes"] == len(content)
        assert line["sha256"] == hashlib.sha256(content).hexdigest()
        assert (folder / "graphs" / f"{line['graph']}.json").is_file()
        assert all((folder / place).is_file() for place in line["inputs"].values())


def _failures(folder: Path, path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines
    assert {line["state"] for line in lines} <= {"failed", "cancelled"}
    assert all((folder / place).is_file() for line in lines for place in line["inputs"].values())


def _sidecar(_: Path, path: Path) -> None:
    output = path.with_suffix("")
    assert output.is_file()
    spec, problems = jobfile.read(path)
    assert problems == ()
    assert spec.record is not None


def _graph(_: Path, path: Path) -> None:
    assert NamedGraph.of(json.loads(path.read_text(encoding="utf-8"))).sha256 == path.stem


def _media(_: Path, path: Path) -> None:
    probe(path)


def _report(_: Path, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    HTMLParser().feed(text)
    assert text.rstrip().endswith("</html>")


def _log(_: Path, path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines
    assert all(re.fullmatch(rf"{_TIME} \S.*", line) for line in lines)


def _why(folder: Path, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"vqd retry {folder.name}\n" in text
    assert max(map(len, text.splitlines())) < 2000


def _as_dropped(_: Path, path: Path) -> None:
    assert path.is_file()


_KINDS: tuple[tuple[str, str, Callable[[Path, Path], None]], ...] = (
    (r"STATUS\.yaml", "status", _status),
    (r"WHY\.txt", "why", _why),
    (r"log\.txt", "log", _log),
    (r"manifest\.jsonl", "manifest", _manifest),
    (r"failures\.jsonl", "failures", _failures),
    (r"report\.html", "report", _report),
    (r"graphs/[0-9a-f]{64}\.json", "graph", _graph),
    (r"outputs/.*\.\w+\.yaml", "sidecar", _sidecar),
    (r"outputs/.*", "output", _media),
    (r"(inputs|previous|previous-\d+)/.*", "dropped", _as_dropped),
    (r"rejected-outputs/.*", "rejected", _as_dropped),
    (r"[^/]+\.(yaml|yml|json)", "job", _as_dropped),
    (r"(CANCEL|RETRY|PAUSE|RESUME|APPROVE|PRIORITY)\..*", "answer", _as_dropped),
)
