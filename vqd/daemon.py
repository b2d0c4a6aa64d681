"""The daemon on one page: build, start, notify, wait, read the settings again, stop."""

import faulthandler
import gc
import os
import threading
import time
from collections.abc import Callable

import structlog

from vqd import __version__, systemd
from vqd.chores import Chores
from vqd.domain.errors import VqdError
from vqd.domain.figures import Figures
from vqd.domain.live import Live
from vqd.drafting import Draftings
from vqd.dropdoor import DropDoor
from vqd.ending import Ending
from vqd.engine.child import EngineProcess
from vqd.farming import Farming
from vqd.freight import Freight
from vqd.hangup import Hangups
from vqd.media.thumbnails import Thumbnails
from vqd.premises import Premises, premises
from vqd.reloading import Reloading
from vqd.runner.farm import Farm
from vqd.runner.figures import Counting
from vqd.runner.headline import Headline
from vqd.runner.leasing import Leasing
from vqd.runner.loop import Loop
from vqd.runner.publish import Publisher
from vqd.runner.room import Room
from vqd.runner.roster import keep_servers, require_no_rival
from vqd.runner.share import Share
from vqd.runner.thumbnailing import Thumbnailing
from vqd.service.aside import Aside
from vqd.service.known import StoredClasses
from vqd.service.reconciling import Reconciling
from vqd.service.submit import Submission
from vqd.settings.model import Settings
from vqd.spool.claims import recover_claims
from vqd.spool.space import Disks
from vqd.spool.staging import clear_staging
from vqd.tellers import Tellers
from vqd.webdoor import WebDoor

_SLICE_S = 60.0
"""How long a start may take until it has learned of more jobs from their folders."""
_END_S = 25.0
"""How long the end takes at most beyond `drain_s`, whatever a share or a server does."""


_log = structlog.get_logger(__name__)


def run(settings: Settings, read: Callable[[], Settings]) -> int:
    """Run until SIGTERM or SIGINT; gives the exit code. `read` gives the settings as they are
    written down when SIGHUP comes.

    What kills it from without, such as systemd's watchdog, has stderr told where each thread stood.

    Raises:
        VqdError: it cannot start, and says why.
    """
    faulthandler.enable()
    ending = Ending()
    with ending.keeping_hangups(), premises(settings, on_failure=ending.fail) as ours:
        return _Daemon(settings, read, ours, ending).run()


class _Daemon:
    def __init__(
        self, settings: Settings, read: Callable[[], Settings], ours: Premises, ending: Ending
    ) -> None:
        self._spool = spool = ours.spool
        self._store = store = ours.store
        self._wake = wake = threading.Event()
        ours.shared.listen(wake.set)
        kept = Thumbnails(settings.state_dir / "thumbnails")
        counting = Counting()
        self._share = Share(spool, on_answer=wake.set)
        self._room = Room(store, self._look_at_disks, on_change=wake.set)
        self._publisher = Publisher(
            store,
            spool,
            on_change=wake.set,
            kept=kept,
            room=self._room,
            on_close=counting.closed,
            why_depot_away=lambda: self._freight.why_away(),
        )
        self._freight = Freight(
            settings,
            spool,
            store,
            on_news=lambda job_key: self._farming.loop.tell_of(job_key),
            on_back=wake.set,
        )

        def loop(farm: Farm) -> Loop:
            return Loop(
                store,
                spool,
                farm,
                self._publisher,
                woken=wake,
                stall_s=settings.stall_s,
                room=self._room,
                windows=settings.job_windows,
                is_fair=settings.fair_share,
                counting=counting,
                on_tick=self._on_tick,
                company=ours.shared,
                depot=self._freight.by_depot,
            )

        self._farming = Farming(settings, spool, store, ours.engine, loop, on_change=wake.set)
        self._headline = Headline(store, held_by=self._held_by, tell=systemd.status)
        self._thumbnailing = Thumbnailing(
            store, spool, kept, is_busy=lambda: self._farming.loop.is_busy
        )
        self._tellers = Tellers(
            settings,
            spool,
            store,
            kept,
            shortage=lambda: self._room.shortage,
            why_away=Share(spool, on_answer=wake.set).why_away,
            on_news=wake.set,
        )
        self._chores = Chores(settings, spool, store)
        drafting = Draftings(spool, StoredClasses(store))
        self._returning = Aside("returns")
        submission = Submission(
            spool,
            store,
            drafting(settings),
            self._returning,
            quote_over=settings.quote_over.bounds,
            on_change=wake.set,
        )
        self._drops = DropDoor(
            settings,
            spool,
            store,
            drafting,
            submission,
            on_change=wake.set,
            on_failure=ending.fail,
        )
        self._web = WebDoor(
            settings,
            spool,
            store,
            drafting,
            submission,
            Live(self._farming.loop.live, self._farming.preview),
            Figures(counting.work, self._drops.intake),
            kept,
            on_change=wake.set,
            on_end=ending.fail,
        )
        self._reloading = Reloading(
            settings,
            read,
            [self._farming, self._freight, self._tellers, self._chores, self._drops, self._web],
            on_failure=ending.fail,
        )
        self._hangups = Hangups(self._reloading.reload)
        self._ending = ending
        self._leasing = Leasing(ours.lease, on_loss=ending.fail)
        self._sign_of_life = _sign_of_life(ours.engine)
        self._looping = threading.Thread(target=self._run_loop, name="runner", daemon=True)

    def run(self) -> int:
        hurry = self._farming.loop.hurry
        with self._ending.listening(hurry=hurry, on_hangup=self._hangups.ask):
            self._start()
            self._ending.wait()
            self._ending.carry_out(self._stop)
        return self._ending.exit_code

    @property
    def _settings(self) -> Settings:
        return self._reloading.settings

    def _start(self) -> None:
        elsewhere = {keys.path for keys in self._settings.hot_folders.values()}
        recover_claims(self._spool.active, self._spool.inbox, elsewhere)
        clear_staging(self._spool)
        Reconciling(self._spool, self._store, on_slice=_tell_of_adopted).carry_out(now=time.time())
        names = self._farming.names
        require_no_rival(self._store, names)
        self._store.write(lambda session: keep_servers(session, names))
        self._farming.start()
        self._tellers.start()
        self._thumbnailing.start()
        self._freight.start()
        self._leasing.start()
        self._room.look()
        self._room.start()
        self._publisher.start()
        self._looping.start()
        self._returning.start()
        self._drops.start()
        self._chores.start()
        self._web.start()
        self._reloading.start()
        gc.collect()
        gc.freeze()  # what is there by now stays, and is not looked through again
        systemd.ready()
        self._hangups.start()
        if systemd.is_heard():
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
        self._web.stop()
        self._drops.stop()
        self._returning.stop()
        self._looping.join()
        self._publisher.stop()
        self._chores.stop()
        self._thumbnailing.stop()
        self._freight.stop()
        self._leasing.stop()
        self._room.stop()
        self._tellers.stop()
        self._farming.stop()
        _log.info("daemon.stopped", exit_code=self._ending.exit_code)

    def _run_loop(self) -> None:
        watchdog_s = systemd.watchdog_s()
        loop = self._farming.loop
        try:
            loop.run(
                stopping=self._ending.asked,
                longest_sleep_s=None if watchdog_s is None else watchdog_s / 3,
            )
        except Exception:  # noqa: BLE001 - the top of a thread: said, then the daemon stops
            _log.exception("runner.failed")
            self._ending.fail()
        loop.drain(self._settings.drain_s)

    def _look_at_disks(self) -> Disks:
        return self._settings.look_at_disks()

    def _held_by(self) -> str | None:
        """Say why nothing is sent to any server; None if nothing stands in the way."""
        return self._share.held_by() or self._room.held_by((), time.monotonic())

    def _on_tick(self) -> None:
        self._sign_of_life()
        self._chores.wake()
        self._thumbnailing.wake()
        self._freight.wake()
        self._room.wake()
        self._tellers.wake()
        self._headline.wake()


def _tell_of_adopted(jobs: int) -> None:
    """Tell systemd that a start which makes the queue of the folders goes on."""
    systemd.starting(f"learns of {jobs:,} jobs from their folders", within_s=_SLICE_S)


def _sign_of_life(engine: EngineProcess) -> Callable[[], None]:
    def tell() -> None:
        systemd.alive()
        try:
            engine.ensure_alive()
        except VqdError as error:  # a later tick tries again
            _log.warning("engine.unstarted", said=str(error))

    return tell
