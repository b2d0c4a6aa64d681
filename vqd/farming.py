"""The servers that the settings name, and the loop that keeps them busy."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from vqd.engine.child import EngineProcess
from vqd.runner.farm import Farm
from vqd.runner.housekeeping import Housekeeping
from vqd.runner.inputs import InputChecks
from vqd.runner.loop import Loop
from vqd.runner.roster import require_no_rival
from vqd.runner.server import Server, ServerAddress
from vqd.settings.changes import Step
from vqd.settings.farm import BUILTIN
from vqd.settings.model import Settings
from vqd.spool.layout import Spool
from vqd.store.store import Store


class Farming:
    """Has the farm follow the settings, and cleans up on it. `loop` makes the loop over a farm."""

    def __init__(
        self,
        settings: Settings,
        spool: Spool,
        store: Store,
        engine: EngineProcess,
        loop: Callable[[Farm], Loop],
        *,
        on_change: Callable[[], None],
    ) -> None:
        """Make them.

        Raises:
            VqdError: a secret or a certificate cannot be read.
        """
        self._spool = spool
        self._store = store
        self._engine = engine
        self._checks = InputChecks(_roots(settings, spool))
        make = partial(Server, checks=self._checks, on_change=on_change)
        self._addresses = _addresses(settings, engine)
        self._farm = Farm(make, self._addresses)
        self._housekeeping = self._housekeeping_by(settings)
        self.loop = loop(self._farm)

    @property
    def names(self) -> set[str]:
        """Name the servers that are there."""
        return {*self._farm.known}

    def preview(self, server: str) -> bytes | None:
        """Give the last picture of what a server does."""
        known = self._farm.known.get(server)
        return known.listener.preview if known else None

    def start(self) -> None:
        """Begin to listen to the servers, and to clean up."""
        self._farm.start()
        self._housekeeping.start()

    def stop(self) -> None:
        """Hang up. What runs on the servers goes on."""
        self._housekeeping.stop()
        self._farm.stop()

    def prepare(self, old: Settings, new: Settings) -> Step:
        """Give the step to other servers; the built-in engine is begun if it is to be one.

        Raises:
            VqdError: a secret or a certificate cannot be read, the engine does not start, or as
                `require_no_rival`.
        """
        require_no_rival(self._store, [server.name for server in new.servers])
        if _has_builtin(new) and self._engine.pid is None:
            self._engine.start()
        addresses = _addresses(new, self._engine)
        places = self._farm.places(addresses)

        def step() -> None:
            self._checks.roots = _roots(new, self._spool)
            self._farm.change(places)
            self.loop.change(windows=new.job_windows, stall_s=new.stall_s, is_fair=new.fair_share)
            if addresses != self._addresses or new.keep_uploads != old.keep_uploads:
                self._addresses = addresses
                self._housekeeping.stop()
                self._housekeeping = self._housekeeping_by(new)
                self._housekeeping.start()

        return step

    def _housekeeping_by(self, settings: Settings) -> Housekeeping:
        return Housekeeping(
            self._store,
            self._spool,
            self._addresses,
            keep_uploads_s=settings.keep_uploads_s,
            engine_folder=self._engine.data_dir if _has_builtin(settings) else None,
        )


def _addresses(settings: Settings, engine: EngineProcess) -> Sequence[ServerAddress]:
    return [
        ServerAddress(
            name=server.name,
            url=engine.url if server.url == BUILTIN else server.url,
            input_folder=_shared(server.url, engine.data_dir / "input", server.input_folder),
            output_folder=_shared(server.url, engine.data_dir / "output", server.output_folder),
            headers=server.read_headers(),
            ca_file=server.ca,
            capability=server.capability,
        )
        for server in settings.servers
    ]


def _shared(url: str, own: Path, named: Path | None) -> Path | None:
    return own if url == BUILTIN else named


def _roots(settings: Settings, spool: Spool) -> Sequence[Path]:
    return (*settings.input_roots, spool.done, spool.failed)


def _has_builtin(settings: Settings) -> bool:
    return any(server.url == BUILTIN for server in settings.servers)
