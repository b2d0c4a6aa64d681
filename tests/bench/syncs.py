"""How often something is made durable for each prompt, and what: the queue, an output, or the rest.

strace(1) tells of every fsync and fdatasync, and of nothing else, so that it costs next to nothing.
"""

import json
import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.figure import Figure
from tests.bench.meanwhile import DEFINITION, GRAPH
from tests.bench.restarting import timed_servers
from tests.builders import write
from tests.daemons import Daemon
from tests.waiting import wait_for

FEW, MANY, SECONDS = 1, 64, 0.2
EACH = 40
QUEUE, OUTPUTS, REST = "queue", "outputs", "rest"
_CALL = re.compile(r"f(?:data)?sync\(\d+<(.*?)>")


class Watched(Daemon):
    """A daemon whose syncs are written down."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self._syncs = folder / "syncs.txt"
        self._is_watched = False

    def start(self, *, within_s: float = 60, may_end: bool = False) -> "Watched":
        """Start it under strace, which ends with it."""
        self._is_watched = True
        super().start(within_s=within_s, may_end=may_end)
        self._is_watched = False
        return self

    def stop(self) -> int:
        """End the daemon itself."""
        assert self.process is not None
        os.kill(self.logged("daemon.started")[-1]["pid"], signal.SIGTERM)
        return self.process.wait(60)

    def counts(self) -> Counter[str]:
        """Count the syncs so far by what was synced."""
        text = self._syncs.read_text(encoding="utf-8", errors="replace")
        return Counter(map(self._kind, _CALL.findall(text)))

    def _kind(self, path: str) -> str:
        if path.startswith(f"{self.folder}/state/queue.db"):
            return QUEUE
        return OUTPUTS if path.endswith(".png") or "/.part" in path else REST

    @property
    def _vqd(self) -> list[str]:
        strace = ["strace", "-f", "-y", "-qq", "--seccomp-bpf", "-e", "trace=fsync,fdatasync"]
        return (
            [*strace, "-o", str(self._syncs), *super()._vqd] if self._is_watched else super()._vqd
        )


def syncs(folder: Path) -> list[Figure]:
    """Let one server carry out prompts one after the other, and 64 at once; nothing if there is no
    strace."""
    if shutil.which("strace") is None:
        return []
    one = _each(folder / "one", FEW)
    many = _each(folder / "many", MANY)
    return [
        Figure("one server: syncs of the queue for a prompt", one[QUEUE], "syncs", 2),
        Figure("one server: syncs of its output for a prompt", one[OUTPUTS], "syncs"),
        Figure("one server: other syncs for a prompt", one[REST], "syncs"),
        Figure("64 servers: syncs of the queue for a prompt", many[QUEUE], "syncs", 0.1),
        Figure("64 servers: syncs of its output for a prompt", many[OUTPUTS], "syncs"),
        Figure("64 servers: other syncs for a prompt", many[REST], "syncs"),
    ]


def _each(folder: Path, servers: int) -> Mapping[str, float]:
    """Give how many syncs there are for a prompt of a job, between its beginning and its end."""
    write(folder / "workflows" / "timed.json", json.dumps(GRAPH))
    write(folder / "workflows" / "timed.yaml", DEFINITION)
    total = EACH * servers
    with timed_servers(servers, SECONDS) as told:
        daemon = Watched(
            folder, servers=told["servers"], workflows=[str(folder / "workflows")], rescan_s=60
        )
        daemon.start(within_s=120)
        try:
            job = write(folder / "made" / "job.yaml", _JOB.format(total=total))
            job.parent.rename(daemon.spool.inbox / "job")
            wait_for(lambda: _concluded(daemon) >= total // 4, within_s=120)
            first, before = _concluded(daemon), daemon.counts()
            wait_for(lambda: _concluded(daemon) >= total * 3 // 4, within_s=300)
            last, after = _concluded(daemon), daemon.counts()
        finally:
            daemon.close()
    return {kind: (after[kind] - before[kind]) / (last - first) for kind in (QUEUE, OUTPUTS, REST)}


def _concluded(daemon: Daemon) -> int:
    return len(daemon.logged("prompt.concluded"))


_JOB = """\
vqd: 1
workflow: timed
output: {{sidecar: none}}
fan_out: {{matrix: {{color: 1-{total}}}}}
"""
