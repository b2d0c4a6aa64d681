"""Delivers notices: one courier for each target, so that one that is dead keeps nobody waiting.

Each notice is delivered at least once. It is sent, and then forgotten in the store: killed between
the two, the daemon sends it again at the next start; where the store does not take it, it is not
sent again meanwhile. `Notice.identity` tells a repeat.
"""

import time
from collections.abc import Callable
from urllib.parse import quote

import structlog

from vqd.domain.lifecycle import CLOSED_STATES, JobState
from vqd.domain.notice import JobNews, Notice
from vqd.media.thumbnails import Thumbnails
from vqd.notify.message import Message, Picture, of_house, of_job
from vqd.notify.target import Target
from vqd.notify.unsent import Unsent
from vqd.runner.beside import Beside
from vqd.runner.picturing import picture_of
from vqd.spool.layout import Spool
from vqd.store.store import Store

FIRST_AGAIN_S = 10.0
"""Until a notice that was not delivered is tried again; doubled each time."""
LONGEST_AGAIN_S = 3600.0
BEYOND_ANY_WAIT_S = LONGEST_AGAIN_S + 60.0
"""No notice waits so long, by this host's clock."""
GIVEN_UP_AFTER_S = 86_400.0

_log = structlog.get_logger(__name__)


class Courier(Beside):
    """Delivers the notices for one target, the longest due first.

    `link` is where a browser finds a job's folder, with `{folder}` (`done/JOB`) and `{job}` in it.
    Pictures are made of the thumbnails that are `kept`. It begins with what earlier days left; what
    is not delivered when it ends is at the next start.
    """

    def __init__(
        self,
        store: Store,
        spool: Spool,
        target: Target,
        link: str | None = None,
        *,
        kept: Thumbnails | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(f"notify {target.name}", self.deliver)
        self._store = store
        self._spool = spool
        self._target = target
        self._link = link
        self._kept = kept
        self._clock = clock
        self._sent_key: int | None = None

    def deliver(self) -> float | None:
        """Try everything that is due; give the seconds until the next is, None if none waits."""
        while not self.is_ending:
            now = self._clock()
            with self._store.reading() as session:
                notice = session.notices.due(self._target.name, now, beyond=now + BEYOND_ANY_WAIT_S)
                next_at = session.notices.next_at(self._target.name)
            if notice is None:
                return None if next_at is None else max(0.0, next_at - now)
            self._deliver(notice)
        return None

    def _deliver(self, notice: Notice) -> None:
        is_sent = notice.notice_key == self._sent_key  # and the queue did not take that yet
        why = None if is_sent else self._why_unsent(notice)
        now = self._clock()
        if why is None:
            self._sent_key = notice.notice_key
            self._store.write(lambda session: session.notices.sent(notice, now=now))
            _log.info("notice.sent", **self._about(notice))
            return
        again_s = _again_s(notice, now)
        again_at = None if again_s is None else now + again_s
        self._store.write(
            lambda session: session.notices.put_off(notice, why, again_at=again_at, now=now)
        )
        _log.warning("notice.failed", **self._about(notice), error=why, again_s=again_s)

    def _why_unsent(self, notice: Notice) -> str | None:
        """Send a notice; say why that failed, None if it did not."""
        try:
            self._target.send(self._message(notice))
        except Unsent as unsent:
            return str(unsent)
        except Exception:  # noqa: BLE001 - the top of one delivery: it is put off, others go out
            _log.exception("courier.failed", **self._about(notice))
            return "a fault in vqd, which its log tells of"
        return None

    def _about(self, notice: Notice) -> dict[str, str | int | None]:
        return {
            "job": notice.news.job if isinstance(notice.news, JobNews) else None,
            "notice": notice.event,
            "to": notice.target,
            "attempt": notice.tries + 1,
        }

    def _message(self, notice: Notice) -> Message:
        news = notice.news
        if not isinstance(news, JobNews):
            return of_house(notice, news, spool=str(self._spool.root))
        path = f"{_home(news.state)}/{news.job}"
        link = self._link
        if link is not None:
            link = link.replace("{folder}", quote(path)).replace("{job}", quote(news.job))
        return of_job(
            notice,
            news,
            folder=str(self._spool.root / path),
            link=link,
            picture=self._picture(notice, news),
        )

    def _picture(self, notice: Notice, news: JobNews) -> Picture | None:
        """Give what was made; none with every second try, for it may be that which is refused."""
        if self._kept is None or notice.tries % 2:
            return None
        most_bytes = self._target.most_picture_bytes
        with self._store.reading() as session:
            return picture_of(session, news, self._kept, most_bytes=most_bytes)


def _again_s(notice: Notice, now: float) -> float | None:
    """Give how long to wait until a notice that was not delivered is tried again; None is never."""
    if now - notice.at >= GIVEN_UP_AFTER_S:
        return None
    return min(FIRST_AGAIN_S * (1 << min(notice.tries, 20)), LONGEST_AGAIN_S)


def _home(state: JobState) -> str:
    """Name the folder of the spool in which a job lies when a notice tells of that state."""
    if state not in CLOSED_STATES:
        return "active"
    return "done" if state is JobState.DONE else "failed"
