"""What the soak has done: every drop with its token, and every byte that must still be there."""

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOKEN = re.compile(rb"soak: (t\d+)")
"""How a drop names itself in its job file: in a label, or in a remark of a broken one."""


@dataclass
class Drop:
    """Something that the actor dropped, or is still dropping, and where it lay last."""

    token: str
    kind: str
    path: Path
    is_complete: bool = False
    is_deleted: bool = False


@dataclass
class Ledger:
    """Drops by token; sources by their hash, with the drops that each belongs to."""

    log: Path
    drops: dict[str, Drop] = field(default_factory=dict)
    sources: dict[str, set[str]] = field(default_factory=dict)
    gathered: dict[str, str] = field(default_factory=dict)
    """Files of hot folders that must be an input of one job: by hash, how each was dropped."""
    folders_moved: set[str] = field(default_factory=set)
    """JOBs whose folder the actor deleted or moved back: their rows may be without one."""
    done: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    """What befell the daemon, and how often."""

    def begin(self, kind: str, path: Path) -> Drop:
        """Note that a drop begins; its `path` may be mended when its token is known."""
        token = f"t{len(self.drops) + 1:05}"
        drop = self.drops[token] = Drop(token, kind, path)
        self.done[f"dropped: {kind}"] += 1
        return drop

    def wrote(self, drop: Drop, content: bytes) -> None:
        """Note content that lies in the spool from now on."""
        self.sources.setdefault(_sha256(content), set()).add(drop.token)

    def wrote_over(self, before: bytes) -> None:
        """Note that the actor itself wrote over some content."""
        self.sources.pop(_sha256(before), None)

    def gathers(self, kind: str, content: bytes) -> None:
        """Note a file in a hot folder, which is to be an input of one job."""
        self.gathered[_sha256(content)] = kind
        self.done[f"dropped: {kind}"] += 1

    def deletes(self, folder: Path) -> None:
        """Note that what lies in a folder need not be there any more."""
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                self.gathered.pop(_sha256(path.read_bytes()), None)

    def complete(self, drop: Drop) -> None:
        """Note that a drop is whole: from now on it must come back, once."""
        drop.is_complete = True
        self.note("completed", drop=drop.token, kind=drop.kind, path=drop.path)

    def note(self, act: str, **facts: Any) -> None:
        """Count an act and write it into the log, with the time."""
        self.done[act] += 1
        line = {"at": round(time.time(), 3), "act": act, **facts}
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line, default=str) + "\n")

    def fault(self, what: str) -> None:
        """Count what befell the daemon."""
        self.faults[what] += 1
        self.note("fault", what=what)
        del self.done["fault"]

    @property
    def expected(self) -> Iterator[Drop]:
        """Every drop that must come back, exactly once."""
        return (drop for drop in self.drops.values() if drop.is_complete and not drop.is_deleted)

    @property
    def kept(self) -> Iterator[tuple[str, str]]:
        """Every content that must still lie somewhere: its hash, and whose it is."""
        for sha256, tokens in self.sources.items():
            if not any(self.drops[token].is_deleted for token in tokens):
                yield sha256, ", ".join(sorted(self.drops[token].kind for token in tokens))


def token_in(folder: Path) -> str | None:
    """Give the token of the drop that a job's folder was made of."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".yaml", ".yml", ".json") and path.name != "STATUS.yaml":
            found = TOKEN.search(path.read_bytes())
            if found:
                return found[1].decode()
    return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
