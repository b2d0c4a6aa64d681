"""Settings, a spool and a folder of workflows, for commands that need no daemon."""

import hashlib
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tests.builders import NOW, write
from tests.graphs import TOLD
from vqd.cli.app import vqd
from vqd.spool.layout import Spool
from vqd.store.learning import learn
from vqd.store.store import Store


class House:
    """A place where vqd is set up and does not run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        Spool.create(folder / "spool")
        (folder / "state").mkdir()
        self.workflows = folder / "workflows"
        self.workflows.mkdir()
        self.settings = write(
            folder / "vqd.yaml", "spool: spool\nstate_dir: state\nworkflows: [workflows]\n"
        )

    def vqd(self, *words: str, colour: bool = False) -> Result:
        """Run a verb in this process."""
        args = [*words, "--settings", str(self.settings)]
        return CliRunner().invoke(vqd, args, catch_exceptions=False, color=colour)

    def sees(self, server: str, *classes: str) -> None:
        """Let a server be known to have these node classes, or all that tests have."""
        self.tells(server, {name: TOLD[name] for name in classes or TOLD})

    def tells(self, server: str, told: dict[str, dict[str, Any]]) -> None:
        """Let a server have told this on `/object_info`."""
        sha256 = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        store = self.store()
        learn(store, server, sha256, told.items, now=NOW)
        store.close()

    def put(self, name: str, definition: str, graph: str) -> None:
        """Put a definition and its graph, `w.json`, into the folder of workflows."""
        write(self.workflows / f"{name}.yaml", definition)
        write(self.workflows / "w.json", graph)

    def store(self) -> Store:
        """Open the queue, as the daemon would."""
        return Store(self.folder / "state" / "queue.db")
