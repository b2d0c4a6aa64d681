import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import NOW, write
from tests.mounts import bound_over
from tests.samples import picture
from vqd.domain.job import Plan
from vqd.service.aside import Aside
from vqd.service.drafts import Drafting
from vqd.service.hot import HotFolders
from vqd.service.submit import Submission
from vqd.service.welcome import Welcome
from vqd.spool.layout import Spool
from vqd.spool.space import Shortage
from vqd.store.store import Store
from vqd.watchers.elsewhere import HotPlace
from vqd.watchers.hotfolder import Pace
from vqd.watchers.inbox import Inbox
from vqd.watchers.seeing import Seeing

FILES = Welcome(None, ()).files()
DEFAULTS = "vqd: 1\nworkflow: image-scale\nparams: {size: 16x16}\n"


class Door:
    """An inbox that is looked at when a test says so, at times that it says."""

    def __init__(self, spool: Spool, store: Store, elsewhere: list[HotPlace]) -> None:
        self.spool = spool
        self.store = store
        drafting = Drafting(spool, workflows=(), input_roots=())
        submission = self.submission = Submission(
            spool, store, drafting, Aside("returns"), on_change=lambda: None
        )
        self.hots = HotFolders(spool.active, drafting, submission)
        self.seeing = Seeing("native")
        self.shortage: Shortage | None = None
        self.inbox = Inbox(
            spool,
            submission,
            self.hots,
            self.seeing,
            pace=Pace(settle_s=0.5, gather_s=3.0),
            shortage=lambda: self.shortage,
            elsewhere=elsewhere,
            clock=lambda: NOW,
        )

    def look(self, *times: float) -> float | None:
        """Look at everything at each of these times, and on while something is being taken.

        Gives when it wants to look again.
        """
        again_s = None
        for now in times:
            again_s = self.inbox.scan(now, whole=True)
            while again_s is not None and again_s <= 0:
                again_s = self.inbox.scan(now, whole=False)
        return again_s

    @property
    def waiting(self) -> str:
        return (self.spool.inbox / "_vqd" / "WAITING.txt").read_text(encoding="utf-8")

    @property
    def jobs(self) -> dict[str, list[str]]:
        """The names in each job's folder, by the name of the job."""
        return {
            folder.name.split("-", 2)[2]: sorted(
                str(path.relative_to(folder))
                for path in folder.rglob("*")
                if path.is_file() and path.name != "STATUS.yaml"
            )
            for folder in self.spool.active.iterdir()
        }


@pytest.fixture
def elsewhere(tmp_path: Path) -> HotPlace:
    """A hot folder outside of the inbox, with nothing in it yet."""
    (tmp_path / "elsewhere").mkdir()
    return HotPlace("shots", tmp_path / "elsewhere", "image-scale")


@pytest.fixture
def door(spool: Spool, store: Store, elsewhere: HotPlace) -> Iterator[Door]:
    made = Door(spool, store, [elsewhere])
    yield made
    made.seeing.close()


@pytest.fixture
def hot(spool: Spool) -> Path:
    """A hot folder in the inbox."""
    return write(spool.inbox / "small" / "_defaults.yaml", DEFAULTS).parent


def test_pictures_that_arrive_together_are_one_job_and_the_folder_stays(
    door: Door, hot: Path
) -> None:
    picture(hot / "a.png")
    picture(hot / "b.png")
    write(hot / "b.txt", "dusk")
    door.look(0.0, 0.5, 3.4)
    assert door.jobs == {}
    door.look(3.5)
    assert door.jobs == {"small": ["a.png", "b.png", "b.txt", "job.yaml"]}
    (folder,) = door.spool.active.iterdir()
    assert (folder / "job.yaml").read_text() == DEFAULTS
    assert [path.name for path in hot.iterdir()] == ["_defaults.yaml"]
    picture(hot / "c.png")
    door.look(4.0, 8.0)
    assert door.jobs["small-2"] == ["c.png", "job.yaml"]


def test_a_folder_named_after_a_workflow_becomes_hot_when_it_was_quiet(door: Door) -> None:
    folder = door.spool.inbox / "image-scale"
    picture(folder / "a.png")
    door.look(0.0, 4.0, 9.9)
    assert door.jobs == {}
    door.look(10.0)
    assert door.jobs == {"image-scale": ["a.png", "job.yaml"]}
    picture(folder / "b.png")
    door.look(20.0, 23.0)
    assert door.jobs["image-scale-2"] == ["b.png", "job.yaml"]


def test_such_a_folder_is_a_job_when_its_job_file_arrives_in_time(door: Door) -> None:
    folder = door.spool.inbox / "image-scale"
    picture(folder / "a.png")
    door.look(0.0, 5.0)
    write(folder / "job.yaml", "vqd: 1\nworkflow: image-convert\n")
    door.look(6.0, 30.0)
    assert door.jobs == {"image-scale": ["a.png", "job.yaml"]}
    assert not folder.exists()


def test_a_folder_of_pictures_is_one_job_of_its_own_name(door: Door, hot: Path) -> None:
    picture(hot / "beach" / "deep" / "a.png")
    write(hot / "empty" / "notes.md", "")
    door.look(0.0, 0.5, 3.4)
    assert door.jobs == {}
    door.look(3.5)
    assert door.jobs == {"beach": ["deep/a.png", "job.yaml"]}
    assert "small/empty: no image files (.png" in door.waiting


def test_a_job_folder_lies_over_what_the_hot_folder_says(door: Door, hot: Path) -> None:
    picture(hot / "beach" / "a.png")
    write(hot / "beach" / "job.yaml", "vqd: 1\nworkflow: image-scale\nparams: {method: area}\n")
    door.look(0.0, 0.5, 1.0)
    assert door.jobs == {"beach": ["_defaults.yaml", "a.png", "job.yaml"]}
    params = plan_of(door).params
    assert (params["size"], params["method"]) == ("16x16", "area")


def plan_of(door: Door) -> Plan:
    """What the one job that was taken is, read again."""
    (folder,) = door.spool.active.iterdir()
    drafting = Drafting(door.spool, workflows=(), input_roots=())
    drafted = drafting.draft(folder / "job.yaml", now=NOW)
    assert drafted.planned is not None
    return drafted.planned.plan


FAULTS = {
    "unknown key": ("vqd: 1\nworkflow: image-scale\nparam: {}\n", "param: unknown key"),
    "unknown workflow": ("vqd: 1\nworkflow: image-scael\n", "Did you mean image-scale?"),
    "unknown parameter": ("vqd: 1\nworkflow: image-scale\nparams: {syze: 1x1}\n", "syze"),
    "a value out of range": ("vqd: 1\nworkflow: image-scale\nparams: {size: 0x5}\n", "size"),
    "no yaml": ("vqd: [1\n", "_defaults.yaml:"),
    "a named input": ("vqd: 1\nworkflow: image-scale\ninputs: {image: a.png}\n", "as a pattern"),
    "no input": ("vqd: 1\nworkflow: flux-t2i\n", "needs no file"),
    "a number of files": (
        "vqd: 1\nworkflow: image-scale\ninputs: {image: {glob: '*', expect: 3}}\n",
        "`expect` has no place in a hot folder",
    ),
    "a marker": ("vqd: 1\nworkflow: image-scale\ndone_marker: READY\n", "`done_marker` has no"),
    "unknown window": ("vqd: 1\nworkflow: image-scale\nschedule: {window: x}\n", "no window x"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_while_the_defaults_are_at_fault_everything_waits_and_is_taken_when_they_are_mended(
    door: Door, hot: Path, fault: str
) -> None:
    text, said = FAULTS[fault]
    write(hot / "_defaults.yaml", text)
    picture(hot / "a.png")
    door.look(0.0, 1.0, 60.0)
    assert door.jobs == {}
    assert said in door.waiting
    assert "\nsmall: hot folder, but nothing is taken until this is mended\nsmall: " in door.waiting
    write(hot / "_defaults.yaml", DEFAULTS)
    door.look(61.0, 62.0, 65.0)
    assert door.jobs == {"small": ["a.png", "job.yaml"]}
    assert said not in door.waiting


@pytest.mark.parametrize(
    "sample", [name for name in FILES if name.endswith(".yaml") and name != "flux-t2i.yaml"]
)
def test_a_ready_job_file_makes_a_hot_folder_of_a_folder(
    door: Door, hot: Path, sample: str
) -> None:
    write(hot / "_defaults.yaml", FILES[sample])
    door.look(0.0, 1.0)
    has_input = "'*'" in FILES[sample]
    assert ("small: hot folder: drop" in door.waiting) == has_input
    assert ("needs no file" in door.waiting) != has_input


def test_only_names_that_fit_the_pattern_of_the_input_are_taken(door: Door, hot: Path) -> None:
    write(hot / "_defaults.yaml", "vqd: 1\nworkflow: image-scale\ninputs: {image: 'Shot*'}\n")
    picture(hot / "shot1.png")
    picture(hot / "other.png")
    door.look(0.0, 0.5, 3.5, 3.6)
    assert door.jobs == {"small": ["job.yaml", "shot1.png"]}
    assert "small/other.png: not taken: image files named Shot* (.png" in door.waiting


def test_defaults_that_are_being_edited_keep_what_arrives(door: Door, hot: Path) -> None:
    picture(hot / "a.png")
    with (hot / "_defaults.yaml").open("a") as file:
        door.look(0.0, 5.0, 10.0)
        assert door.jobs == {}
        assert "small: hot folder, its _defaults.yaml is being written" in door.waiting
        file.write("name: other\n")
    door.look(11.0, 12.0, 15.0)
    assert door.jobs == {"other": ["a.png", "job.yaml"]}


def test_what_is_not_taken_says_why(door: Door, hot: Path) -> None:
    for name in ("notes.md", "b.txt", "x.png.part", ".hidden"):
        write(hot / name, "")
    picture(hot / "log.png")
    write(hot / "log.txt", "")
    (hot / "link.png").symlink_to("/etc/passwd")
    os.mkfifo(hot / "pipe.png")
    door.look(0.0, 1.0, 1.6)
    for line in (
        "small: hot folder: drop image files (.png",
        "small/notes.md: not taken: image files (.png",
        "small/b.txt: waits for its input: image files",
        "small/x.png.part: ignored: temporary name",
        "small/.hidden: ignored: its name begins with",
        "small/log.png: has arrived",
        "small/log.txt: vqd writes its own log.txt",
        "small/link.png: ignored: neither a file nor a folder",
        "small/pipe.png: ignored: neither a file nor a folder",
    ):
        assert f"\n{line}" in door.waiting


def test_of_a_hot_folder_that_is_none_any_more_nothing_is_told(door: Door, hot: Path) -> None:
    write(hot / "_defaults.yaml", "vqd: 1\nworkflow: image-scal\n")
    door.look(0.0, 1.0)
    assert "there is no workflow image-scal" in door.waiting
    (hot / "_defaults.yaml").unlink()
    door.look(2.0)
    assert "small: no job.yaml here" in door.waiting
    assert "there is no workflow image-scal" not in door.waiting


def test_a_job_file_in_a_hot_folder_is_not_guessed_at(
    door: Door, hot: Path, elsewhere: HotPlace
) -> None:
    for folder in (hot, elsewhere.path):
        write(folder / "job.yaml", DEFAULTS)
        picture(folder / "a.png")
    door.look(0.0, 1.0, 5.0, 5.1)
    assert door.jobs == {"shots": ["a.png", "job.yaml"]}
    assert "small: job.yaml and _defaults.yaml lie in it" in door.waiting
    assert f"{elsewhere.path}/job.yaml: a job file: put it into the inbox" in door.waiting


def test_a_thousand_lines_of_what_waits_are_enough(door: Door, hot: Path) -> None:
    for number in range(1500):
        write(hot / f"{number}.md", "")
    door.look(0.0, 1.0)
    lines = door.waiting.splitlines()
    assert len(lines) <= 1003
    assert lines[-1] == "… and 502 more"


def test_an_idle_hot_folder_is_not_looked_at_by_the_clock(door: Door, hot: Path) -> None:
    door.look(0.0, 1.0)
    assert "small: hot folder: drop image files" in door.waiting
    assert door.inbox.scan(1.0, whole=False) is None


def test_a_hot_folder_elsewhere_is_taken_from_too(door: Door, elsewhere: HotPlace) -> None:
    picture(elsewhere.path / "a.png")
    picture(elsewhere.path / "beach" / "b.png")
    door.look(0.0, 3.0, 3.1)
    assert door.jobs == {"beach": ["b.png", "job.yaml"], "shots": ["a.png", "job.yaml"]}


def test_a_hot_folder_that_is_away_says_so_and_holds_nothing_else_up(
    door: Door, hot: Path, elsewhere: HotPlace
) -> None:
    elsewhere.path.rmdir()
    picture(hot / "a.png")
    door.look(0.0, 0.5, 3.5)
    assert [*door.jobs] == ["small"]
    assert f"{elsewhere.path}: hot folder, away: there is no such folder" in door.waiting
    picture(elsewhere.path / "b.png")
    door.look(60.0, 63.0)
    assert door.jobs["shots"] == ["b.png", "job.yaml"]


def test_a_hot_folder_is_away_while_what_was_mounted_there_is_not(
    door: Door, elsewhere: HotPlace, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    picture(share / "a.png")
    with bound_over(elsewhere.path, share):
        door.look(0.0, 3.0)
        assert door.jobs == {"shots": ["a.png", "job.yaml"]}
    picture(elsewhere.path / "below.png")
    door.look(60.0, 70.0)
    assert "away: what was mounted there is not any more; what lies there waits" in door.waiting
    assert (elsewhere.path / "below.png").exists()
    picture(share / "b.png")
    with bound_over(elsewhere.path, share):
        door.look(120.0, 123.0)
        assert door.jobs["shots-2"] == ["b.png", "job.yaml"]


def test_a_hot_folder_that_is_no_more_leaves_nothing_behind(door: Door, hot: Path) -> None:
    write(hot / "notes.md", "")
    write(hot / "sub" / "notes.md", "")
    door.look(0.0, 1.0, 5.0)
    assert "small/sub: " in door.waiting
    shutil.rmtree(hot)
    door.look(6.0)
    assert "small" not in door.waiting


def test_a_job_is_accepted_once_however_often_the_spool_is_looked_at_meanwhile(
    door: Door, hot: Path
) -> None:
    files = [picture(hot / "a.png"), picture(hot / "b.png")]
    job = door.hots.job_of(hot / "_defaults.yaml", "")
    taking = door.hots.take_files(files, hot, job, "small", now=NOW)
    for _ in taking:
        assert door.submission.readmit(now=NOW) == []
    with door.store.reading() as session:
        assert [found.counts.total for found in session.joblist.newest(5)] == [2]
    assert door.submission.readmit(now=NOW) == []


def test_a_job_file_whose_claim_was_cut_off_is_a_job_at_the_next_rescan(
    door: Door, hot: Path
) -> None:
    picture(hot / "a.png")
    door.look(0.0, 0.5)
    bare = write(door.spool.inbox / "bare.yaml", "vqd: 1\nworkflow: image-scale\n")
    (door.spool.active / ".20260921-141320-bare.part").mkdir()
    bare.rename(door.spool.active / ".20260921-141320-bare.part" / "bare.yaml")
    assert door.submission.readmit(now=NOW) == ["20260921-141320-bare"]
    door.look(3.5)
    assert sorted(door.jobs) == ["bare", "small"]


def test_what_an_interrupted_taking_left_is_taken_back_at_the_next_look(
    door: Door, hot: Path
) -> None:
    files = [picture(hot / "a.png"), picture(hot / "b.png")]
    job = door.hots.job_of(hot / "_defaults.yaml", "")
    taking = door.hots.take_files(files, hot, job, "small", now=NOW)
    for _ in range(3):
        next(taking)
    taking.close()
    assert not (hot / "a.png").exists()
    door.look(0.0, 0.5, 3.5)
    assert door.jobs == {"small": ["a.png", "b.png", "job.yaml"]}


def test_a_file_that_cannot_be_taken_is_tried_again_and_harms_no_other(
    door: Door, hot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(hot / "a.png")
    picture(hot / "b.png")
    rename = os.rename

    def refuse(path: Path, target: Path, **options: int) -> None:
        if path == Path("b.png"):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        rename(path, target, **options)

    monkeypatch.setattr(os, "rename", refuse)
    door.look(0.0, 0.5, 3.5)
    assert door.jobs == {}
    assert sorted(path.name for path in hot.iterdir()) == ["_defaults.yaml", "a.png", "b.png"]
    assert "small: it cannot be taken: " in door.waiting
    monkeypatch.undo()
    door.look(8.5, 12.0)
    assert door.jobs == {"small": ["a.png", "b.png", "job.yaml"]}


def test_what_is_being_taken_is_taken_though_the_folder_is_renamed(
    door: Door, hot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vqd.watchers.taking.SLICE_S", 0.0)
    for name in "abc":
        picture(hot / f"{name}.png")
    door.inbox.scan(0.0, whole=True)
    door.inbox.scan(0.5, whole=True)
    door.inbox.scan(3.5, whole=True)
    while len([*hot.glob("*.png")]) == 3:
        door.inbox.scan(3.5, whole=False)
    assert [*hot.glob("*.png")]
    hot.rename(hot.with_name("smaller"))
    monkeypatch.undo()
    door.look(4.0, 4.5, 7.5)
    assert [*door.spool.active.glob(".*")] == []
    taken = [name for job in door.jobs.values() for name in job if name != "job.yaml"]
    assert sorted(taken) == ["a.png", "b.png", "c.png"]


def test_a_job_that_was_is_not_run_again_by_a_hot_folder(door: Door, hot: Path) -> None:
    job_file = write(hot / "beach" / "job.yaml", DEFAULTS)
    write(hot / "beach" / "_defaults.yaml", DEFAULTS)
    write(hot / "beach" / "STATUS.yaml", "job: J\nheartbeat_at: now\n")
    door.look(0.0, 1.0, 5.0)
    assert door.jobs == {}
    assert job_file.exists()
    assert "small/beach: a job's folder: to run it again, move it into the inbox" in door.waiting


def test_a_name_that_is_no_text_stays_and_the_others_go(door: Door, hot: Path) -> None:
    picture(hot / "a.png").rename(os.fsdecode(os.fsencode(hot) + b"/\xff.png"))
    picture(hot / "b.png")
    door.look(0.0, 0.5, 3.5, 3.6)
    assert door.jobs == {"small": ["b.png", "job.yaml"]}
    assert "small/\\udcff.png: its name is not UTF-8: rename it" in door.waiting


def test_while_there_is_no_room_nothing_is_taken_anywhere_and_what_waits_says_why(
    door: Door, hot: Path, elsewhere: HotPlace
) -> None:
    picture(hot / "a.png")
    picture(elsewhere.path / "b.png")
    write(door.spool.inbox / "two-lines.yaml", DEFAULTS)
    write(door.spool.inbox / "notes.tmp", "")
    door.shortage = Shortage(door.spool.root, "/srv/vqd has 1 MB free", "make room there")
    again_s = door.look(0.0, 10.0, 20.0)
    assert door.jobs == {}
    assert again_s is not None
    assert again_s <= 5
    why = "waits for room: /srv/vqd has 1 MB free: make room there"
    assert door.waiting.splitlines()[2:] == [
        f"{elsewhere.path}: {why}",
        "notes.tmp: ignored: temporary name",
        f"small: {why}",
        f"two-lines.yaml: {why}",
    ]
    door.shortage = None
    door.look(30.0, 31.0, 34.0, 42.0)
    assert {"shots", "small"} <= door.jobs.keys()
    assert "waits for room" not in door.waiting
