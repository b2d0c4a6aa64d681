"""The daemon on one page: build, start, notify, wait, stop."""

import faulthandler
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import structlog

from vqd import __version__, systemd
from vqd.domain.errors import VqdError
from vqd.domain.figures import Figures
from vqd.domain.live import Live
from vqd.drafting import drafting_by
from vqd.dropdoor import drop_door
from vqd.ending import Ending, hangups_kept
from vqd.engine.child import EngineProcess
from vqd.hangup import Hangups
from vqd.media.thumbnails import Thumbnails
from vqd.notify.target import Target
from vqd.premises import Premises, premises
from vqd.runner.courier import Courier
from vqd.runner.farm import Farm
from vqd.runner.figures import Counting
from vqd.runner.headline import Headline
from vqd.runner.house import House, subjects
from vqd.runner.housekeeping import Housekeeping
from vqd.runner.inputs import InputChecks
from vqd.runner.keeping import Keeping
from vqd.runner.leasing import Leasing
from vqd.runner.loop import Loop
from vqd.runner.notifying import Notifying
from vqd.runner.publish import Publisher
from vqd.runner.room import Room
from vqd.runner.server import Server, ServerAddress
from vqd.runner.share import Share
from vqd.runner.thumbnailing import Thumbnailing
from vqd.service.aside import Aside
from vqd.service.known import StoredClasses
from vqd.service.reconciling import Reconciling
from vqd.service.submit import Submission
from vqd.service.welcome import Welcome
from vqd.settings.farm import BUILTIN
from vqd.settings.model import Settings
from vqd.spool.claims import recover_claims
from vqd.spool.staging import clear_staging
from vqd.watchers.welcoming import Welcoming
from vqd.webdoor import web_door

_SLICE_S = 60.0
"""How long a start may take until it has learned of more jobs from their folders."""
_END_S = 25.0
"""How long the end takes at most beyond `drain_s`, whatever a share or a server does."""

_log = structlog.get_logger(__name__)


def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; gives the exit code.

    What kills it from without, such as systemd's watchdog, has stderr told where each thread stood.

    Raises:
        VqdError: it cannot start, and says why.
    """
    faulthandler.enable()
    with hangups_kept(), premises(settings) as ours:
        return _Daemon(settings, ours).run()


def serve_engine(
    host: str, port: int, data: Path, *, announce: Callable[[str], None], stop_on_stdin_eof: bool
) -> None:
    """Run the built-in engine alone, until SIGTERM or SIGINT."""
    from vqd.engine.server import serve

    serve(host, port, data, announce=announce, stop_on_stdin_eof=stop_on_stdin_eof)


class _Daemon:
    def __init__(self, settings: Settings, ours: Premises) -> None:
        spool, store, engine = ours.spool, ours.store, ours.engine
        self._settings = settings
        self._spool = spool
        self._store = store
        wake = threading.Event()
        checks = InputChecks((*settings.input_roots, spool.done, spool.failed))
        addresses = list(_addresses(settings, engine))
        self._farm = Farm(partial(Server, checks=checks, on_change=wake.set), addresses)
        self._room = Room(store, settings.look_at_disks, on_change=wake.set)
        kept = Thumbnails(settings.state_dir / "thumbnails")
        counting = Counting()
        self._publisher = Publisher(
            store,
            spool,
            on_change=wake.set,
            kept=kept,
            room=self._room,
            on_close=counting.closed,
        )
        self._loop = Loop(
            store,
            spool,
            self._farm,
            self._publisher,
            woken=wake,
            stall_s=settings.stall_s,
            room=self._room,
            windows={name: keys.window for name, keys in settings.windows.items()},
            counting=counting,
            on_tick=self._on_tick,
        )
        self._headline = Headline(store, held_by=self._held_by, tell=systemd.status)
        self._hangups = Hangups(self._reload)
        self._ending = Ending(hurry=self._loop.hurry, on_hangup=self._hangups.ask)
        couriers = [
            Courier(store, spool, target, link, kept=kept) for target, link in _targets(settings)
        ]
        self._notifying = Notifying(couriers, self._house(wake))
        self._keeping = Keeping(store, spool, settings.keep)
        self._thumbnailing = Thumbnailing(store, spool, kept)
        self._housekeeping = Housekeeping(
            store,
            spool,
            addresses,
            keep_uploads_s=settings.keep_uploads_s,
            engine_folder=engine.data_dir if engine else None,
        )
        self._leasing = Leasing(ours.lease, on_loss=self._ending.fail)
        self._sign_of_life = _sign_of_life(engine)
        self._share = Share(spool, on_answer=wake.set)
        drafting = drafting_by(settings, spool, StoredClasses(store))
        self._returning = Aside("returns")
        submission = Submission(
            spool,
            store,
            drafting,
            self._returning,
            quote_over=settings.quote_over.bounds,
            on_change=wake.set,
        )
        self._watch = drop_door(
            settings,
            spool,
            store,
            drafting,
            submission,
            on_change=wake.set,
            on_failure=self._ending.fail,
        )
        self._welcoming = Welcoming(
            spool,
            Welcome(store, settings.workflows, settings.default_points),
            every_s=settings.rescan_s,
        )
        self._web = web_door(
            settings,
            spool,
            store,
            drafting,
            submission,
            Live(self._loop.live, self._preview),
            Figures(counting.work, self._watch.intake),
            kept,
            on_change=wake.set,
            on_end=self._ending.fail,
        )
        self._wake = wake
        self._looping = threading.Thread(target=self._run_loop, name="runner", daemon=True)

    def run(self) -> int:
        with self._ending.listening():
            self._start()
            self._ending.wait()
            self._ending.carry_out(self._stop)
        return self._ending.exit_code

    def _start(self) -> None:
        elsewhere = {keys.path for keys in self._settings.hot_folders.values()}
        recover_claims(self._spool.active, self._spool.inbox, elsewhere)
        clear_staging(self._spool)
        Reconciling(self._spool, self._store, on_slice=_tell_of_adopted).carry_out(now=time.time())
        names = {*self._farm.known}
        self._store.write(lambda session: session.servers.keep_only(names))
        self._store.write(lambda session: session.catalogue.keep_only(names))
        self._store.write(
            lambda session: session.notices.keep_only(self._settings.notify, now=time.time())
        )
        self._store.write(lambda session: session.house.keep_only(subjects(names)))
        self._farm.start()
        self._notifying.start()
        self._keeping.start()
        self._housekeeping.start()
        self._thumbnailing.start()
        self._leasing.start()
        self._room.look()
        self._room.start()
        self._publisher.start()
        self._looping.start()
        self._returning.start()
        self._watch.start()
        self._welcoming.start()
        if self._web is not None:
            self._web.start()
        self._hangups.start()
        systemd.ready()
        self._headline.start()
        _log.info(
            "daemon.started",
            version=__version__,
            spool=str(self._spool.root),
            servers=sorted(names),
            pid=os.getpid(),
        )

    def _stop(self) -> None:
        drain_s = self._settings.drain_s
        systemd.stopping(f"ends within {drain_s:.0f} s", within_s=drain_s + _END_S)
        self._wake.set()
        self._headline.stop()
        self._hangups.stop()
        if self._web is not None:
            self._web.stop()
        self._watch.stop()
        self._returning.stop()
        self._welcoming.stop()
        self._looping.join()
        self._publisher.stop()
        self._keeping.stop()
        self._housekeeping.stop()
        self._thumbnailing.stop()
        self._leasing.stop()
        self._room.stop()
        self._notifying.stop()
        self._farm.stop()
        _log.info("daemon.stopped", exit_code=self._ending.exit_code)

    def _reload(self) -> None:
        _log.warning("settings.kept", why="they are read when the daemon starts")

    def _run_loop(self) -> None:
        watchdog_s = systemd.watchdog_s()
        try:
            self._loop.run(
                stopping=self._ending.asked,
                longest_sleep_s=None if watchdog_s is None else watchdog_s / 3,
            )
        except Exception:  # noqa: BLE001 - the top of a thread: said, then the daemon stops
            _log.exception("runner.failed")
            self._ending.fail()
        self._loop.drain(self._settings.drain_s)

    def _house(self, wake: threading.Event) -> House | None:
        wishes = self._settings.notify_house
        if wishes is None:
            return None
        return House(
            self._store,
            wishes.wishes,
            shortage=lambda: self._room.shortage,
            why_away=Share(self._spool, on_answer=wake.set).why_away,
            on_news=wake.set,
        )

    def _held_by(self) -> str | None:
        """Say why nothing is sent to any server; None if nothing stands in the way."""
        return self._share.held_by() or self._room.held_by((), time.monotonic())

    def _preview(self, server: str) -> bytes | None:
        known = self._farm.known.get(server)
        return known.listener.preview if known else None

    def _on_tick(self) -> None:
        self._sign_of_life()
        self._keeping.wake()
        self._thumbnailing.wake()
        self._room.wake()
        self._notifying.wake()
        self._headline.wake()


def _addresses(settings: Settings, engine: EngineProcess | None) -> Iterator[ServerAddress]:
    for server in settings.servers:
        own = engine if server.url == BUILTIN else None
        yield ServerAddress(
            name=server.name,
            url=own.url if own else server.url,
            input_folder=own.data_dir / "input" if own else server.input_folder,
            output_folder=own.data_dir / "output" if own else server.output_folder,
            headers=server.read_headers(),
            ca_file=server.ca,
            capability=server.capability,
        )


def _targets(settings: Settings) -> Iterator[tuple[Target, str | None]]:
    for name, keys in settings.notify.items():
        target = keys.target(name)
        target.check()
        yield target, keys.link


def _tell_of_adopted(jobs: int) -> None:
    """Tell systemd that a start which makes the queue of the folders goes on."""
    systemd.starting(f"learns of {jobs:,} jobs from their folders", within_s=_SLICE_S)


def _sign_of_life(engine: EngineProcess | None) -> Callable[[], None]:
    def tell() -> None:
        systemd.alive()
        if engine is not None:
            try:
                engine.ensure_alive()
            except VqdError as error:  # killed again while it started: the next tick tries again
                _log.warning("engine.unstarted", said=str(error))

    return tell
