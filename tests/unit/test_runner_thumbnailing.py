"""What a prompt made has its thumbnail before its job is closed, and none is in anybody's way."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builders import A_JOB_FILE, NOW, a_planned_job, as_read
from tests.samples import picture
from vqd.domain.job import PlannedJob
from vqd.domain.outcome import OutputFile, Succeeded
from vqd.media.thumbnails import Thumbnails
from vqd.runner.thumbnailing import AT_ONCE, AWAY_AGAIN_S, Thumbnailing
from vqd.spool.layout import Spool
from vqd.store.events import EventRows
from vqd.store.store import Store

JOB = "20260101-000000-a"
PLATE = "plate.png"


@pytest.fixture
def kept(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "thumbnails")


def idle(store: Store, spool: Spool, kept: Thumbnails) -> Thumbnailing:
    """One beside which no prompt is carried out."""
    return Thumbnailing(store, spool, kept, is_busy=lambda: False)


def accept(store: Store, total: int = 1) -> None:
    """Accept a job of so many prompts, each of the same input."""
    planned = a_planned_job(total)
    prompts = [replace(one, inputs={"image": PLATE}) for one in planned.prompts()]
    whole = PlannedJob(planned.plan, lambda: iter(prompts))
    store.accept(JOB, whole, A_JOB_FILE, input_folder="", now=NOW)


def succeed(store: Store, spool: Spool, shade: int, kind: str = "image") -> tuple[str, str]:
    """Let the next prompt of the job make a picture; gives the hashes of that and of its input."""
    folder = spool.active / JOB
    path = f"outputs/{shade}.png"
    made = as_read(picture(folder / path, shade=shade))
    given = as_read(picture(folder / PLATE, shade=200))
    output = OutputFile("image", path, kind, made.sha256, made.bytes)
    prompt = store.write(lambda session: session.prompts.claim("gpu1", f"p{shade}", now=NOW))
    assert prompt is not None
    outcome = Succeeded((output,), 1.0, {"image": given})
    store.write(lambda session: session.prompts.succeed(prompt.key, outcome, now=NOW))
    return made.sha256, given.sha256


def test_outputs_and_inputs_get_theirs_while_the_job_runs(
    store: Store, spool: Spool, kept: Thumbnails
) -> None:
    accept(store, 3)
    output, given = succeed(store, spool, 1)
    thumbnailing = idle(store, spool, kept)
    assert thumbnailing.make() is None
    assert kept.get(output) is not None
    assert kept.get(given) is not None
    later, _ = succeed(store, spool, 2)
    thumbnailing.make()
    assert kept.get(later) is not None


def test_while_prompts_are_carried_out_it_pauses_after_a_few(
    store: Store, spool: Spool, kept: Thumbnails
) -> None:
    is_busy = True
    accept(store, AT_ONCE + 1)
    made = [succeed(store, spool, shade)[0] for shade in range(AT_ONCE + 1)]
    thumbnailing = Thumbnailing(store, spool, kept, is_busy=lambda: is_busy)
    assert thumbnailing.make() == 0.0
    assert [kept.get(one) is not None for one in made] == [True] * AT_ONCE + [False]
    is_busy = False
    assert thumbnailing.make() is None
    assert kept.get(made[-1]) is not None


def test_what_happened_besides_is_looked_through_once(
    store: Store, spool: Spool, kept: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_after: list[int] = []
    prompts_with = EventRows.prompts_with

    def looked(rows: EventRows, kind: str, *, after: int, limit: int) -> Any:
        looked_after.append(after)
        return prompts_with(rows, kind, after=after, limit=limit)

    monkeypatch.setattr(EventRows, "prompts_with", looked)
    accept(store)
    thumbnailing = idle(store, spool, kept)
    thumbnailing.make()
    with store.reading() as session:
        newest = session.events.newest_key()
    thumbnailing.make()
    assert looked_after == [0, newest]
    later, _ = succeed(store, spool, 1)
    thumbnailing.make()
    assert kept.get(later) is not None


def test_what_was_overwritten_meanwhile_gets_none(
    store: Store, spool: Spool, kept: Thumbnails
) -> None:
    accept(store)
    output, _ = succeed(store, spool, 1)
    picture(spool.active / JOB / "outputs/1.png", size=(300, 200))
    idle(store, spool, kept).make()
    assert kept.get(output) is None


def test_what_is_no_picture_and_what_is_gone_stop_nothing(
    store: Store, spool: Spool, kept: Thumbnails
) -> None:
    accept(store, 3)
    latent, _ = succeed(store, spool, 1, kind="latent")
    gone, _ = succeed(store, spool, 2)
    (spool.active / JOB / "outputs/2.png").unlink()
    last, _ = succeed(store, spool, 3)
    assert idle(store, spool, kept).make() is None
    assert [kept.get(name) is not None for name in (latent, gone, last)] == [False, False, True]


def test_while_the_share_is_away_it_waits(store: Store, spool: Spool, kept: Thumbnails) -> None:
    accept(store)
    output, _ = succeed(store, spool, 1)
    thumbnailing = idle(store, spool, kept)
    away = spool.root.rename(spool.root.with_name("away"))
    assert thumbnailing.make() == AWAY_AGAIN_S
    away.rename(spool.root)
    thumbnailing.make()
    assert kept.get(output) is not None


def test_its_thread_ends_when_it_is_asked_to(store: Store, spool: Spool, kept: Thumbnails) -> None:
    thumbnailing = idle(store, spool, kept)
    thumbnailing.start()
    thumbnailing.wake()
    thumbnailing.stop()
