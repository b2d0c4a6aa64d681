"""The commands that the guides tell to type: found in their pages, and typed in a prepared place.

What stands behind the language of a fence tells how a block is carried out:

    ```sh                           as it stands, and it ends with 0
    ```sh exits: 0 6                with one of these
    ```sh background                beside what follows on the page: a daemon; the page has a spool
                                    and settings of its own then
    ```sh not-run: needs root       not at all, and why

Of a ```console block the lines behind `$ ` are typed; the others are what they print.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType

from tests.builders import write
from tests.daemons import Daemon
from tests.samples import TWO_LINES, picture, picture_job
from tests.waiting import wait_for
from vqd.spool.layout import OWN_FOLDER, Spool
from vqd.spool.status import STATUS

TOP = Path(__file__).parents[1]

_FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"^\$ ((?:.*\\\n)*.*)", re.MULTILINE)
_LOOKS_TYPED = re.compile(r"^    (?:\$ |vqd [a-z]|script/\w|(?:sudo|pip|pipx|curl|systemctl) ).*")
_ENDS_WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Block:
    """A block of commands: where it stands and what is typed. `not_run` says why it is not."""

    page: str
    line: int
    script: str
    not_run: str | None = None
    exits: frozenset[int] = frozenset({0})
    is_background: bool = False

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page that may tell to type something."""
    return [TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted(TOP.glob("docs/*.md"))]


def blocks_of(page: Path) -> Iterator[Block]:
    """Give the blocks of commands of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        language, told, body = found.groups()
        if language in ("sh", "console"):
            script = body if language == "sh" else "\n".join(_TYPED.findall(body))
            line = text.count("\n", 0, found.start()) + 1
            yield _block(page.relative_to(TOP).as_posix(), line, told.strip(), script)
        elif language in ("bash", "shell", "zsh"):
            raise AssertionError(f"{page.name}: a block of commands is ```sh or ```console")


def _block(page: str, line: int, told: str, script: str) -> Block:
    kind, _, said = told.partition(":")
    match kind, said.strip():
        case "", "":
            return Block(page, line, script)
        case "background", "":
            return Block(page, line, script, is_background=True)
        case "exits", codes if codes:
            return Block(page, line, script, exits=frozenset(map(int, codes.split())))
        case "not-run", why if why:
            return Block(page, line, script, not_run=why)
    raise AssertionError(f"{page}:{line}: nobody knows what `{told}` is")


def unfenced(page: Path) -> list[str]:
    """Give the indented lines of a page that look like commands: these belong into a fence."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [line for line in prose.splitlines() if _LOOKS_TYPED.match(line)]


class Place:
    """Where a page's commands are typed: a folder with sample pictures and jobs, and a home.

    A page that starts a daemon has it on a spool of its own. The others share one that runs. There
    `beach` is a job folder that lies beside, `plates` a job that is done, and `dunes` one that is
    suspended: each page has these for itself, under names of its own.
    """

    def __init__(self, folder: Path, blocks: Sequence[Block], shared: Daemon, url: str) -> None:
        self._folder = folder
        self._scripts = "\n".join(block.script for block in blocks if block.not_run is None)
        self._shared = shared
        self._url = url
        self._is_own = any(block.is_background for block in blocks)
        self._page = folder.name
        self._background: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Place":
        """Prepare it."""
        self._prepare()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what runs in the background, with all that it started."""
        for process in self._background:
            process.send_signal(signal.SIGTERM)
        for process in self._background:
            process.wait(_ENDS_WITHIN_S)

    def carry_out(self, block: Block) -> None:
        """Type a block, and see how it ends; what it dropped is taken by then."""
        script = self._localized(block.script)
        if block.is_background:
            self._begin(block, script)
            return
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_ENDS_WITHIN_S,
        )
        assert ended.returncode in block.exits, (
            f"{block.place} ended with {ended.returncode}:\n{script}\n{ended.stdout}{ended.stderr}"
        )
        self._wait_taken()

    def wait_done(self) -> None:
        """Wait until everything that was dropped into a spool of its own is done."""
        for spool in self._own_spools():
            wait_for(
                partial(_is_idle, spool),
                within_s=_ENDS_WITHIN_S,
                what=f"the end of the jobs of {self._page}",
            )
            failed = [path.read_text(encoding="utf-8") for path in spool.failed.glob("*/WHY.txt")]
            assert failed == []

    def _prepare(self) -> None:
        home = self._folder / "home"
        for name in ("a", "b"):
            picture(self._folder / f"{name}.png")
        write(self._folder / "a.txt", "a picture")
        write(self._folder / f"{self._own('beach')}.yaml", TWO_LINES)
        picture(self._folder / "shots" / "a.png")
        job = f"{TWO_LINES}inputs: {{image: /mnt/shots/a.png}}\n"
        write(self._folder / "job.yaml", self._localized(job))
        completions, nas = home / ".config/fish/completions", self._folder / "nas" / "vqd"
        for folder in (completions, home / "synced", nas):
            folder.mkdir(parents=True)
        write(home / ".curlrc", "fail\nsilent\nshow-error\n")
        write(home / ".vqd-token", "t" * 32)
        picture_job(home / "synced" / self._own("beach"))
        if "mkdir beach" not in self._scripts:
            picture_job(self._folder / self._own("beach"))
        runner = write(
            self._folder / "bin" / "vqd", f'#!/bin/sh\nexec {sys.executable} -m vqd "$@"\n'
        )
        runner.chmod(0o755)
        if not self._is_own:
            self._prepare_jobs()

    def _prepare_jobs(self) -> None:
        if re.search(r"\bplates\b", self._scripts):
            picture_job(self._shared.spool.inbox / self._own("plates"))
            self._shared.wait_done(self._own("plates"))
        if re.search(r"\bdunes\b", self._scripts):
            held = f"{TWO_LINES}schedule: {{suspended: true}}\n"
            picture_job(self._shared.spool.inbox / self._own("dunes"), job=held)
        self._wait_taken()

    def _own(self, job: str) -> str:
        return job if self._is_own else f"{job}-{self._page}"

    def _localized(self, script: str) -> str:
        """Put the folders and addresses of this place where the page has those of an example."""
        root = self._folder if self._is_own else self._shared.folder
        for said, meant in (
            ("/srv/vqd", str(root / "spool")),
            ("/var/lib/vqd", str(root / "state")),
            ("/etc/vqd", str(root)),
            ("/mnt/shots", str(self._shared.folder / "shots")),
            ("/mnt/nas", str(self._folder / "nas")),
            ("http://127.0.0.1:8640", self._url),
            ("http://gpu-box:8640", self._url),
        ):
            script = script.replace(said, meant)
        return re.sub(r"\b(beach|plates|dunes)\b", lambda job: self._own(job[0]), script)

    @cached_property
    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VQD_")}
        settings = {} if self._is_own else {"VQD_SETTINGS": str(self._shared.settings)}
        return {
            **kept,
            **settings,
            "HOME": str(self._folder / "home"),
            "PATH": f"{self._folder / 'bin'}:{kept['PATH']}",
            "PYTHONPATH": str(TOP),
            "PYTHONWARNINGS": "error",
            "TOKEN": "t" * 32,
        }

    def _begin(self, block: Block, script: str) -> None:
        log = self._folder / "background.log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", _as_last(script)],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
            )
        self._background.append(process)
        wait_for(
            lambda: b"daemon.started" in log.read_bytes() or process.poll() is not None,
            within_s=_ENDS_WITHIN_S,
            what=f"the start of {block.place}",
        )
        assert process.poll() is None, log.read_text(encoding="utf-8")

    def _wait_taken(self) -> None:
        spools = self._own_spools() if self._background else [self._shared.spool]
        for spool in spools:
            wait_for(
                partial(_is_taken, spool),
                within_s=_ENDS_WITHIN_S,
                what=f"the taking of what {self._page} drops",
            )

    def _own_spools(self) -> list[Spool]:
        return [Spool(marker.parent) for marker in self._folder.rglob(".vqd-spool")]


def _as_last(script: str) -> str:
    """Let the last command take the shell's place, so that a signal reaches it."""
    *before, last = [line for line in re.split(r"\n|&&", script.strip()) if line.strip()]
    return "\n".join([*before, f"exec {last.strip()}"])


def _is_taken(spool: Spool) -> bool:
    """Tell whether nothing lies in the inbox, and of all that lay there it is told how it is."""
    is_empty = {path.name for path in spool.inbox.iterdir()} <= {OWN_FOLDER}
    return is_empty and all((path / STATUS).is_file() for path in spool.active.iterdir())


def _is_idle(spool: Spool) -> bool:
    return _is_taken(spool) and not any(spool.active.iterdir())
