"""Inputs that go to the depot and are fetched from it, and what is made that comes home once."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from errno import EACCES, EIO, ENOSPC
from pathlib import Path
from typing import Any, TypeVar

import pytest
from structlog.testing import capture_logs

from tests.builders import A_GRAPH, A_JOB_FILE, NOW, a_plan, a_planned_job
from tests.crashes.powercut import Disk, why_no_cut
from tests.samples import picture
from vqd.depot.depot import Depot
from vqd.domain.depot import DepotAddress, content_name, parcel_name
from vqd.domain.errors import VqdError
from vqd.domain.job import PlannedJob, PlannedPrompt
from vqd.domain.lifecycle import Move, PromptState
from vqd.domain.outcome import FailureCode, OutputFile, Succeeded
from vqd.domain.queue import Job, Prompt, PromptKey
from vqd.runner.arrivals import Arrivals
from vqd.runner.assignment import Assignment
from vqd.runner.bydepot import ByDepot
from vqd.runner.failing import failure_of
from vqd.runner.inputs import BadInput, InputChecks
from vqd.runner.stocking import Stocking
from vqd.spool.files import write_whole
from vqd.spool.layout import Spool
from vqd.spool.signs import mtime
from vqd.store.relocating import relocate
from vqd.store.store import Store

JOB = "20261126-080000-wide"
INPUTS = {1: "one.png", 2: "two.png"}
T = TypeVar("T")


class Ends(Exception):
    """The process ends at this instant."""


class Mortal:
    """Has what is done to something end the process at the `dies_at`-th time, before it is done."""

    def __init__(self, one: Any, dies_at: int) -> None:
        self._one = one
        self._left = dies_at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._one, name)
        if name not in ("put", "fetch", "remove", "size", "names", "write"):
            return found

        def act(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Ends(name)
            return found(*given, **named)

        return act


class Site:
    """A home with a job, and somebody else who reaches nothing of it but the depot."""

    def __init__(self, store: Store, spool: Spool, depot: Depot, elsewhere: Path) -> None:
        self.store, self.spool, self.depot, self.elsewhere = store, spool, depot, elsewhere
        self.folder = spool.active / JOB
        self.told_of: list[int] = []
        for shade, name in INPUTS.items():
            picture(self.folder / "inputs" / name, shade=shade)
        planned = a_planned_job(total=2)

        def prompts() -> Iterator[PlannedPrompt]:
            for prompt in planned.prompts():
                yield replace(prompt, inputs={"image": INPUTS[prompt.number]})

        store.accept(
            JOB, PlannedJob(planned.plan, prompts), A_JOB_FILE, input_folder="inputs", now=NOW
        )
        self.stocking = self.stocks(depot)
        self.by_depot = ByDepot(depot, store, elsewhere, "other")

    def stocks(self, depot: Any) -> Stocking:
        return Stocking(depot, self.store, self.spool, [], self.spool.root.parent / "home")

    def arrivals(self, depot: Any, store: Any = None) -> Arrivals:
        folder = self.spool.root.parent / "home"
        told, store = self.told_of.append, store or self.store
        return Arrivals(depot, store, self.spool, folder, on_arrival=told, clock=lambda: NOW)

    @property
    def job(self) -> Job:
        with self.store.reading() as session:
            found = session.jobs.find(JOB)
        assert found is not None
        return replace(found, home=self.spool.marker.word)

    def claim(self, prompt_id: str = "p-1") -> Assignment:
        """Have the other one claim the next prompt."""
        prompt = self.store.write(lambda session: session.prompts.claim("gpu", prompt_id, now=NOW))
        assert prompt is not None
        folder = self.by_depot.folder_for(prompt)
        return Assignment(prompt, JOB, a_plan(2), A_GRAPH, folder, folder, is_elsewhere=True)

    def make(self, assignment: Assignment) -> Succeeded:
        """Make an output of it and send it."""
        number = assignment.prompt.key.number
        path = f"outputs/a_{number}.png"
        made = picture(assignment.folder / path, shade=100 + number)
        made.with_name(f"{made.name}.yaml").write_text("vqd: 1\n", encoding="utf-8")
        content = made.read_bytes()
        output = OutputFile(
            "image",
            path,
            "image",
            hashlib.sha256(content).hexdigest(),
            len(content),
            modified_at=mtime(made.stat()),
        )
        return self.by_depot.carriage(self.job).send(assignment, Succeeded((output,), 1.0))

    def record(self, key: PromptKey, outcome: Succeeded) -> None:
        """Record what was made, as the transaction does that ends the lease."""

        def record(session: Any) -> None:
            session.prompts.succeed(key, outcome, now=NOW)
            session.depot.send(key, outcome.parcel)

        self.store.write(record)

    def prompt(self, number: int = 1) -> Prompt:
        with self.store.reading() as session:
            return session.prompts.get(PromptKey(self.job.job_key, number))

    def outputs(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("outputs/*"))

    def is_closing(self) -> bool:
        with self.store.reading() as session:
            return bool(session.jobs.closing())


@pytest.fixture
def site(store: Store, spool: Spool, address: DepotAddress, tmp_path: Path) -> Site:
    return Site(store, spool, Depot(address), tmp_path / "elsewhere")


@pytest.fixture
def local(store: Store, spool: Spool, tmp_path: Path) -> Site:
    """A site whose depot is a folder, for what does not hang on the store."""
    (tmp_path / "depot").mkdir()
    depot = Depot(DepotAddress(f"file://{tmp_path}/depot", cache_bytes=1))
    return Site(store, spool, depot, tmp_path / "elsewhere")


def test_the_inputs_of_a_job_are_fetched_as_they_were_with_their_mtime(site: Site) -> None:
    assert site.stocking.stock()
    assert not site.stocking.stock()
    carriage = site.by_depot.carriage(site.job)

    brought = carriage.bring(site.claim())

    [name] = brought.inputs.values()
    here, there = brought.input_folder / name, site.folder / "inputs" / "one.png"
    assert here.read_bytes() == there.read_bytes()
    assert here.stat().st_mtime_ns == there.stat().st_mtime_ns
    assert here.suffix == ".png"
    assert carriage.bring(brought) is brought


def test_a_disk_on_which_no_folder_can_be_made_is_met_by_the_attempt_alone(local: Site) -> None:
    local.stocking.stock()
    (local.elsewhere / "attempts").write_bytes(b"")
    assignment = local.claim()
    with pytest.raises(OSError, match="attempts"):
        local.by_depot.carriage(local.job).bring(assignment)
    assert failure_of(NotADirectoryError(), assignment).code is FailureCode.UNAVAILABLE


def test_an_input_that_was_fetched_before_the_power_was_cut_is_whole(
    local: Site, tmp_path: Path
) -> None:
    if (why := why_no_cut(tmp_path)) is not None:
        pytest.skip(f"no power can be cut here: {why}")
    local.stocking.stock()
    assignment = local.claim()
    (tmp_path / "base").mkdir()
    with Disk(tmp_path / "base", tmp_path / "state", is_cut=True) as disk:
        bring(local, disk.folder, assignment)
        write_whole(disk.folder / "other", b"synced")  # and so are the names of all files there
        disk.cut()
        disk.restore()
        brought = bring(local, disk.folder, assignment)
        [name] = brought.inputs.values()
        here = (brought.input_folder / name).read_bytes()
    assert here == (local.folder / "inputs" / "one.png").read_bytes()


def bring(site: Site, folder: Path, assignment: Assignment) -> Assignment:
    """Bring the inputs of a prompt into a folder, as a process that has just begun."""
    depot = Depot(replace(site.depot.address, cache_bytes=1 << 20))
    by_depot = ByDepot(depot, site.store, folder, "other")
    return by_depot.carriage(site.job).bring(assignment)


def test_what_is_made_elsewhere_comes_home_with_what_lies_beside_it(site: Site) -> None:
    assignment = site.claim()
    outcome = site.make(assignment)
    site.record(assignment.prompt.key, outcome)
    assert site.outputs() == []
    assert site.job.on_the_way == 1

    assert site.arrivals(site.depot).bring() == 1

    assert site.told_of == [site.job.job_key]
    assert site.job.on_the_way == 0
    assert site.outputs() == ["outputs/a_1.png", "outputs/a_1.png.yaml"]
    [output] = site.prompt().outputs
    assert mtime((site.folder / output.path).stat()) == output.modified_at
    assert site.depot.names(f"outputs/{site.spool.marker.word}/") == []
    site.by_depot.carriage(site.job).end(assignment)
    assert not assignment.folder.exists()


def test_a_folder_of_somebodys_in_the_place_of_an_output_is_moved_aside(local: Site) -> None:
    first, second = local.claim("p-1"), local.claim("p-2")
    for assignment in (first, second):
        local.record(assignment.prompt.key, local.make(assignment))
    (local.folder / "outputs" / "a_1.png" / "notes").mkdir(parents=True)

    assert local.arrivals(local.depot).bring() == 2

    assert "outputs/a_2.png" in local.outputs()
    assert (local.folder / "outputs" / "a_1.png").is_file()
    assert (local.folder / "outputs" / "a_1.png (aside)" / "notes").is_dir()


def test_a_job_whose_folder_takes_nothing_is_left_alone_and_keeps_nobody_waiting(
    local: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(EACCES, "Permission denied", str(local.folder))

    for prompt_id in ("p-1", "p-2"):
        assignment = local.claim(prompt_id)
        local.record(assignment.prompt.key, local.make(assignment))
    arrivals = local.arrivals(local.depot)
    with monkeypatch.context() as patch, capture_logs() as log:
        patch.setattr("vqd.runner.arrivals.unpack", refuse)
        looked_at = [arrivals.bring(), arrivals.bring()]
    assert looked_at == [2, 0]
    assert [line["event"] for line in log] == ["parcel.postponed"]
    assert local.arrivals(local.depot).bring() == 2
    assert {"outputs/a_1.png", "outputs/a_2.png"} <= {*local.outputs()}


def test_where_a_share_does_not_tell_whether_a_folder_is_there_what_comes_home_is_kept(
    local: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assignment = local.claim()
    local.record(assignment.prompt.key, local.make(assignment))
    told = os.stat

    def untold(path: Any, **how: Any) -> os.stat_result:
        if str(path).endswith(f"active/{JOB}"):
            raise OSError(EIO, os.strerror(EIO), str(path))
        return told(path, **how)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", untold)
        with pytest.raises(OSError, match=os.strerror(EIO)):
            local.arrivals(local.depot).bring()
    assert local.arrivals(local.depot).bring() == 1
    assert "outputs/a_1.png" in local.outputs()


def test_while_a_disk_is_full_nothing_is_fetched_that_has_no_room_there(
    local: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assignment = local.claim()
    local.record(assignment.prompt.key, local.make(assignment))
    told = os.statvfs

    def full(path: Any) -> Any:
        found = told(path)
        return os.statvfs_result((*found[:4], 0, *found[5:]))

    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", full)
        with pytest.raises(OSError, match=os.strerror(ENOSPC)):
            local.arrivals(Mortal(local.depot, 0)).bring()
    assert local.arrivals(local.depot).bring() == 1
    assert "outputs/a_1.png" in local.outputs()


def test_equal_inputs_lie_there_once_and_go_when_no_job_wants_them(local: Site) -> None:
    picture(local.folder / "inputs" / "two.png", shade=1)
    local.stocking.stock()
    contents = f"inputs/{local.spool.marker.word}/"
    assert len(local.depot.names(contents)) == 2, "one content, and the list"
    assert local.stocking.sweep() == 0

    job_key = local.job.job_key
    local.store.write(
        lambda session: session.prompts.move_all(job_key, Move.CANCEL, PromptState.PENDING, now=NOW)
    )

    assert local.stocking.sweep() == 2
    assert local.depot.names(contents) == []


def test_an_input_that_is_not_what_it_is_called_is_put_there_again(
    local: Site, tmp_path: Path
) -> None:
    local.stocking.stock()
    one = local.folder / "inputs" / "one.png"
    name = content_name(local.spool.marker.word, hashlib.sha256(one.read_bytes()).hexdigest())
    (tmp_path / "other").write_bytes(b"x" * one.stat().st_size)
    local.depot.put(tmp_path / "other", name)
    carriage, assignment = local.by_depot.carriage(local.job), local.claim()

    with pytest.raises(VqdError, match="is not what it is called") as caught:
        carriage.bring(assignment)

    assert caught.value.code == "depot_lacks"
    assert local.stocking.stock(), "its home was told"
    assert carriage.bring(assignment).fetched


@pytest.mark.parametrize("text", [b"", b"{", b"[1]\n", b"\xff\n"])
def test_a_list_that_is_not_what_it_is_called_is_put_there_again(
    local: Site, tmp_path: Path, text: bytes
) -> None:
    local.stocking.stock()
    with local.store.reading() as session:
        sha256 = session.depot.list_of(local.job.job_key)
    assert sha256 is not None
    (tmp_path / "other").write_bytes(text)
    local.depot.put(tmp_path / "other", content_name(local.spool.marker.word, sha256))
    carriage, assignment = local.by_depot.carriage(local.job), local.claim()

    local.stocking.sweep()

    with pytest.raises(VqdError, match="is not what it is called"):
        carriage.bring(assignment)
    assert local.stocking.stock(), "its home was told"
    assert carriage.bring(assignment).fetched


def test_an_input_that_cannot_be_read_is_left_out_and_said(local: Site) -> None:
    (local.folder / "inputs" / "one.png").unlink()
    (local.folder / "inputs" / "one.png").symlink_to("/etc/passwd")
    with capture_logs() as logs:
        local.stocking.stock()
    assert [line["input"] for line in logs if line["event"] == "depot.unstocked"] == ["one.png"]
    with pytest.raises(BadInput, match=r"one\.png is gone"):
        local.by_depot.carriage(local.job).bring(local.claim())
    assert local.stocking.stock(), "its home looks once more"


def test_what_is_wrong_with_an_input_is_told_by_the_name_that_its_job_has_for_it(
    local: Site,
) -> None:
    (local.folder / "inputs" / "one.png").write_text("no picture", encoding="utf-8")
    local.stocking.stock()
    brought = local.by_depot.carriage(local.job).bring(local.claim())
    with pytest.raises(BadInput) as caught:
        InputChecks().check(brought.input_folder, brought.inputs["image"], "image")
    assert failure_of(caught.value, brought).message.startswith("one.png is not a usable image")


def test_nothing_is_stocked_while_the_share_is_away(local: Site) -> None:
    local.spool.marker.path.rename(local.spool.root / "away")
    with pytest.raises(VqdError) as caught:
        local.stocking.stock()
    assert caught.value.code == "spool_away"

    (local.spool.root / "away").rename(local.spool.marker.path)

    assert local.stocking.stock()


def test_while_the_spool_is_paused_others_are_given_nothing_of_it(local: Site) -> None:
    local.stocking.stock()
    assert not local.stocking.withhold()
    (local.spool.root / "PAUSE").touch()

    assert local.stocking.withhold()

    with local.store.reading() as session:
        assert session.depot.list_of(local.job.job_key) is None
    (local.spool.root / "PAUSE").unlink()
    assert not local.stocking.withhold()
    assert local.stocking.stock()


def test_a_queue_is_not_moved_while_outputs_are_on_their_way(local: Site, tmp_path: Path) -> None:
    assignment = local.claim()
    local.record(assignment.prompt.key, local.make(assignment))
    local.store.close()
    with pytest.raises(VqdError) as caught:
        relocate(tmp_path / "queue.db", tmp_path / "other.db", now=NOW)
    assert caught.value.code == "relocate_on_the_way"
    assert not (tmp_path / "other.db").exists()


def test_what_is_kept_of_inputs_is_bounded_but_for_what_is_in_use(local: Site) -> None:
    local.stocking.stock()
    carriage = local.by_depot.carriage(local.job)
    first, second = carriage.bring(local.claim("p-1")), carriage.bring(local.claim("p-2"))
    kept = [*first.inputs.values(), *second.inputs.values()]
    assert all((first.input_folder / name).is_file() for name in kept)

    carriage.end(first)
    carriage.end(second)

    assert [*first.input_folder.iterdir()] == []


def test_inputs_that_nobody_uses_make_room_for_others_where_the_disk_is_full(
    local: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.stocking.stock()
    depot = Depot(replace(local.depot.address, cache_bytes=1 << 30))
    carriage = ByDepot(depot, local.store, tmp_path / "third", "third").carriage(local.job)
    first = carriage.bring(local.claim("p-1"))
    [kept] = [first.input_folder / name for name in first.inputs.values()]
    told = os.statvfs

    def full(path: Any) -> Any:
        found = told(path)
        free = 0 if kept.exists() else found.f_bavail
        return os.statvfs_result((*found[:4], free, *found[5:]))

    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", full)
        second = local.claim("p-2")
        with pytest.raises(OSError, match=os.strerror(ENOSPC)):
            carriage.bring(second)
        carriage.end(first)
        assert carriage.bring(second).fetched
    assert not kept.exists()


def test_a_job_is_not_closed_while_something_it_made_is_on_its_way(local: Site) -> None:
    for prompt_id in ("p-1", "p-2"):
        assignment = local.claim(prompt_id)
        local.record(assignment.prompt.key, local.make(assignment))
    assert not local.is_closing()
    local.arrivals(local.depot).bring()
    assert local.is_closing()


def test_what_the_depot_lost_is_made_again(local: Site) -> None:
    assignment = local.claim()
    outcome = local.make(assignment)
    local.record(assignment.prompt.key, outcome)
    assert outcome.parcel is not None
    local.depot.remove([outcome.parcel.name])

    with capture_logs() as logs:
        local.arrivals(local.depot).bring()

    assert [line["event"] for line in logs] == ["parcel.lost"]
    assert (local.prompt().state, local.prompt().outputs) == (PromptState.PENDING, ())
    again = local.claim("p-2")
    local.record(again.prompt.key, local.make(again))
    local.arrivals(local.depot).bring()
    assert local.outputs() == ["outputs/a_1.png", "outputs/a_1.png.yaml"]


def test_what_ended_attempts_left_is_swept_and_nothing_else(local: Site) -> None:
    runs, recorded = local.claim("p-1"), local.claim("p-2")
    local.make(runs)
    local.record(recorded.prompt.key, local.make(recorded))
    left = parcel_name(local.spool.marker.word, runs.prompt.key, 7, "p-0")
    local.depot.put(recorded.folder / "parcel.tar", left)

    assert local.arrivals(local.depot).sweep() == 1

    assert local.depot.size(left) is None
    assert len(local.depot.names(f"outputs/{local.spool.marker.word}/")) == 2


def until_it_lives(act: Callable[[int], T], most: int = 30) -> tuple[int, T]:
    """Do something with ever more steps until it dies no more; give how often it died."""
    for steps in range(most):
        try:
            return steps, act(steps)
        except Ends:
            continue
    raise AssertionError("it always dies")


def test_whenever_the_home_dies_the_output_comes_home_once(local: Site) -> None:
    assignment = local.claim()
    local.record(assignment.prompt.key, local.make(assignment))

    def bring(steps: int) -> None:
        mortal = Mortal(local.depot, steps)
        local.arrivals(mortal, Mortal(local.store, steps // 2)).bring()

    died, _ = until_it_lives(bring)

    assert died >= 2
    assert local.outputs() == ["outputs/a_1.png", "outputs/a_1.png.yaml"]
    assert [*(local.folder / ".part").iterdir()] == []
    local.arrivals(local.depot).sweep()
    assert local.depot.names(f"outputs/{local.spool.marker.word}/") == []
    assert local.prompt().state is PromptState.SUCCEEDED


def test_whenever_the_home_dies_while_it_stocks_all_of_it_is_there_in_the_end(local: Site) -> None:
    died, _ = until_it_lives(lambda steps: local.stocks(Mortal(local.depot, steps)).stock())

    assert died >= 4
    carriage = local.by_depot.carriage(local.job)
    for prompt_id in ("p-1", "p-2"):
        assert carriage.bring(local.claim(prompt_id)).fetched
