import os
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.builders import NOW, write
from vqd.domain.errors import VqdError
from vqd.spool import drops
from vqd.spool.files import write_whole
from vqd.spool.jobfiles import (
    is_alone,
    is_of_its_folder,
    job_file_in,
    rivals_of,
    why_no_job_file,
)
from vqd.spool.layout import PROBE, Spool


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def job_name(spool: Spool, name: str) -> str:
    return spool.free_job_name(name, NOW, lambda _: False)


def test_a_spool_without_its_marker_is_away(spool: Spool) -> None:
    assert spool.is_present()
    (spool.root / ".vqd-spool").unlink()
    assert not spool.is_present()
    with pytest.raises(VqdError) as caught:
        spool.check()
    assert caught.value.code == "spool_away"


def test_another_spool_in_its_place_is_not_taken_for_it(spool: Spool) -> None:
    assert spool.is_present()
    marker = spool.root / ".vqd-spool"
    kept = marker.read_bytes()
    marker.write_text("vqd spool of somebody else's\n")
    assert spool.why_away() == "another spool is mounted there"
    marker.write_bytes(kept)
    assert spool.why_away() is None


def test_nothing_is_made_in_the_empty_folder_that_a_share_leaves_behind(spool: Spool) -> None:
    spool.check()
    spool.root.rename(spool.root.with_name("away"))
    spool.root.mkdir()
    for make in (spool.restore, spool.pause, lambda: spool.has_active("job")):
        with pytest.raises(VqdError) as caught:
            make()
        assert caught.value.code == "spool_away"
    assert list(spool.root.iterdir()) == []


def test_a_job_is_active_where_its_folder_is_and_nowhere_else(spool: Spool) -> None:
    (spool.active / "here").mkdir()
    (spool.active / "file").touch()
    assert [spool.has_active(job) for job in ("here", "file", "gone")] == [True, False, False]


def test_making_a_spool_again_keeps_what_is_in_it(spool: Spool) -> None:
    write(spool.inbox / "kept.txt", "x")
    marker = (spool.root / ".vqd-spool").read_text()
    Spool.create(spool.root)
    assert (spool.inbox / "kept.txt").exists()
    assert (spool.root / ".vqd-spool").read_text() == marker


def test_a_folder_does_not_pause_the_spool(spool: Spool) -> None:
    (spool.root / "Pause").mkdir()
    assert not spool.is_paused()
    spool.pause()
    assert spool.is_paused()
    assert spool.resume()
    assert not spool.is_paused()


@pytest.mark.parametrize("name", ["PAUSE", "PAUSE.txt", "pause", "Pause.TXT"])
def test_pause_is_a_file_that_resume_takes_away(spool: Spool, name: str) -> None:
    assert not spool.is_paused()
    (spool.root / name).touch()
    assert spool.is_paused()
    assert spool.resume()
    assert not spool.is_paused()
    assert not spool.resume()


def test_job_names_carry_the_time_and_do_not_collide(spool: Spool) -> None:
    first = job_name(spool, "beach")
    assert first == "20260921-141320-beach"
    (spool.done / first).mkdir()
    assert job_name(spool, "beach") == f"{first}-2"
    (spool.active / f"{first}-2").mkdir()
    assert job_name(spool, "beach") == f"{first}-3"
    assert spool.free_job_name("beach", NOW, lambda name: not name.endswith("-4")) == f"{first}-4"


@pytest.mark.parametrize(
    ("dropped", "safe"),
    [
        ("a/b\\c:d", "a_b_c_d"),
        ("trailing. ", "trailing"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("", "unnamed"),
        ("...", "unnamed"),
        ("line\nbreak", "line_break"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("ok \N{FROG FACE}", "ok \N{FROG FACE}"),
    ],
)
def test_job_names_are_safe_on_windows_shares(spool: Spool, dropped: str, safe: str) -> None:
    assert job_name(spool, dropped) == f"20260921-141320-{safe}"


def test_a_very_long_name_is_cut_at_a_whole_character(spool: Spool) -> None:
    name = job_name(spool, "\N{FROG FACE}" * 100)
    assert len(name.encode()) <= 120
    assert name.endswith("\N{FROG FACE}")


def a_job_folder(spool: Spool) -> Path:
    folder = spool.active / "J"
    for name in ("job.yaml", "a.png", "inputs/b.png", "sub/c.png", "outputs/made.png"):
        write(folder / name, name)
    return folder


LAID_OUT = ["inputs/a.png", "inputs/inputs/b.png", "inputs/sub/c.png", "job.yaml"]


def test_what_was_dropped_is_gathered_even_a_folder_named_inputs(spool: Spool) -> None:
    folder = a_job_folder(spool)
    drops.begin_layout(folder)
    drops.gather_inputs(folder, "job.yaml")
    assert files_in(folder) == [*LAID_OUT, "outputs/made.png"]


@pytest.mark.parametrize("moved_before", [[], ["a.png"], ["a.png", "inputs"]])
def test_gathering_goes_on_where_it_was_cut_off(spool: Spool, moved_before: list[str]) -> None:
    folder = a_job_folder(spool)
    drops.begin_layout(folder)
    for name in moved_before:
        (folder / name).rename(folder / ".dropped" / name)
    drops.gather_inputs(folder, "job.yaml")
    drops.gather_inputs(folder, "job.yaml")
    assert files_in(folder) == [*LAID_OUT, "outputs/made.png"]


def test_earlier_results_are_set_aside_and_never_written_over(spool: Spool) -> None:
    folder = a_job_folder(spool)
    drops.set_aside(folder)
    drops.set_aside(folder)
    write(folder / "outputs" / "made.png", "second")
    drops.set_aside(folder)
    assert (folder / "previous" / "outputs" / "made.png").read_text() == "outputs/made.png"
    assert (folder / "previous-2" / "outputs" / "made.png").read_text() == "second"


def test_what_is_named_like_a_result_but_for_its_case_stays(spool: Spool) -> None:
    folder = spool.active / "J"
    for name in ("Outputs/a.png", "status.yaml", "PREVIOUS/b.png"):
        write(folder / name, "theirs")
    drops.set_aside(folder)
    assert files_in(folder) == ["Outputs/a.png", "PREVIOUS/b.png", "status.yaml"]


def test_publishing_never_lands_on_something(spool: Spool) -> None:
    folder = a_job_folder(spool)
    write(spool.done / "J" / "theirs", "x")
    made = files_in(folder)
    drops.publish(folder, spool.done / "J")
    assert files_in(spool.done / "J") == made
    (aside,) = (path for path in spool.done.iterdir() if path.name != "J")
    assert files_in(aside) == ["theirs"]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_whole(path, b"first")
    with pytest.raises(TypeError):
        write_whole(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"first"
    assert files_in(tmp_path) == ["report.html"]


def test_what_a_crash_left_of_a_result_is_no_input(spool: Spool) -> None:
    folder = a_job_folder(spool)
    write(folder / ".STATUS.yaml.part", "job: ")
    write(folder / ".manifest.jsonl.part" / "theirs", "put here while it ran")
    drops.begin_layout(folder)
    drops.gather_inputs(folder, "job.yaml")
    laid_out = [*LAID_OUT, "inputs/.manifest.jsonl.part/theirs", "outputs/made.png"]
    assert files_in(folder) == sorted(laid_out)


def test_half_a_sidecar_goes_with_its_output(spool: Spool) -> None:
    folder = spool.active / "J"
    long = "x" * 250
    write(folder / "outputs" / long, "untold, and no name is longer")
    for name in ("a.png", ".a.png.yaml.part", "b.png", ".b.png.yaml.part"):
        write(folder / "outputs" / name, "made")
    assert drops.set_untold_aside(folder, lambda _: ["outputs/b.png"]) == 2
    left = ["outputs/.b.png.yaml.part", "outputs/b.png"]
    assert files_in(folder) == [*left, "previous/outputs/a.png", f"previous/outputs/{long}"]


def test_what_was_dropped_under_the_name_of_a_half_written_result_is_kept(spool: Spool) -> None:
    folder = spool.active / "J"
    write(folder / "a.png", "a")
    write(folder / ".STATUS.yaml.part", "theirs")
    drops.set_aside(folder)
    drops.begin_layout(folder)
    drops.gather_inputs(folder, "job.yaml")
    assert files_in(folder) == ["inputs/a.png", "inputs/previous/.STATUS.yaml.part"]


@pytest.mark.parametrize("dropped", [".part", ".dropped"])
def test_what_was_dropped_in_the_name_of_a_working_folder_is_kept(
    spool: Spool, dropped: str
) -> None:
    folder = spool.active / "J"
    write(folder / "a.png", "a")
    write(folder / dropped / "a.png", "theirs")
    drops.set_aside(folder)
    drops.begin_layout(folder)
    drops.gather_inputs(folder, "job.yaml")
    drops.publish(folder, spool.done / "J")
    assert files_in(spool.done / "J") == ["inputs/a.png", f"inputs/previous/{dropped}/a.png"]


@pytest.mark.parametrize("dropped", [".part", ".dropped", "outputs"])
def test_a_file_or_a_link_in_such_a_name_is_set_aside_too(spool: Spool, dropped: str) -> None:
    folder = spool.active / "J"
    write(folder / dropped, "theirs")
    drops.set_aside(folder)
    (folder / dropped).symlink_to(spool.inbox)
    drops.set_aside(folder)
    assert (folder / "previous" / dropped).read_text() == "theirs"
    assert (folder / "previous-2" / dropped).is_symlink()


def test_the_note_of_a_layout_that_was_cut_off_leaves_nothing_behind(spool: Spool) -> None:
    folder = spool.active / "J"
    write(folder / "job.yaml", "vqd: 1")
    drops.begin_layout(folder)
    drops.set_aside(folder)
    assert [path.name for path in folder.iterdir()] == ["job.yaml"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../inbox", "J/inputs", "nope", "x" * 300, "\udcff"]
)
def test_only_the_name_of_a_job_finds_a_folder(spool: Spool, name: str) -> None:
    write(spool.done / "J" / "inputs" / "a.png", "x")
    assert spool.find(name) is None
    assert spool.find("J") == spool.done / "J"


def test_a_spool_without_its_active_folder_is_away(spool: Spool) -> None:
    spool.active.rmdir()
    assert not spool.is_present()
    with pytest.raises(VqdError, match="active is missing"):
        spool.require_present()


def test_every_other_folder_that_was_taken_away_is_made_again(spool: Spool) -> None:
    assert not spool.restore()
    for folder in (spool.inbox, spool.done, spool.failed):
        folder.rmdir()
    spool.check()
    assert spool.inbox.is_dir()
    assert not spool.restore()


def test_the_first_known_job_file_name_counts(tmp_path: Path) -> None:
    write(tmp_path / "job.json", "{}")
    write(tmp_path / "job.yaml", "vqd: 1")
    assert job_file_in(tmp_path) == tmp_path / "job.yaml"
    assert job_file_in(tmp_path / "none") is None


@pytest.mark.parametrize("name", ["JOB.YAML", "Job.yml", "job.Json"])
def test_a_job_file_is_found_in_any_case(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, "vqd: 1")
    assert job_file_in(tmp_path) == tmp_path / name


def test_another_name_counts_only_in_a_folder_that_comes_back(tmp_path: Path) -> None:
    write(tmp_path / "beach.yaml", "vqd: 1")
    assert job_file_in(tmp_path) is None
    write(tmp_path / "STATUS.yaml", "job: J\nheartbeat_at: now\n")
    assert job_file_in(tmp_path) == tmp_path / "beach.yaml"


def test_a_job_file_of_its_own_folder_is_told_from_one_among_others(tmp_path: Path) -> None:
    first, second = write(tmp_path / "beach.yaml", "vqd: 1"), write(tmp_path / "hill.json", "{}")
    assert not is_of_its_folder(first)
    assert not is_alone(first)
    second.unlink()
    assert is_alone(first)
    write(tmp_path / "sub" / "job.yml", "vqd: 1")
    assert is_of_its_folder(tmp_path / "sub" / "job.yml")
    write(tmp_path / "STATUS.yaml", "job: J\nheartbeat_at: now\n")
    assert is_of_its_folder(first)


def test_only_files_named_like_the_job_file_are_its_rivals(tmp_path: Path) -> None:
    job_file = write(tmp_path / "job.yaml", "vqd: 1")
    other = write(tmp_path / "beach.yaml", "vqd: 1")
    assert list(rivals_of(job_file)) == []
    second = write(tmp_path / "job.json", "{}")
    assert list(rivals_of(job_file)) == [second]
    assert list(rivals_of(second)) == [job_file]
    assert list(rivals_of(other)) == []


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "it is empty"),
        ([".DS_Store", "a.png.part"], "it is empty"),
        (["a.png"], "no job.yaml here"),
        (["job.yaml.txt", "a.png"], "'job.yaml.txt' is the job file, rename it"),
        (["beach.yaml", "a.png"], "'beach.yaml' is the job file, rename it"),
        (["job.yaml/"], "not a file"),
    ],
)
def test_a_folder_that_is_no_job_says_what_would_make_it_one(
    tmp_path: Path, names: list[str], said: str
) -> None:
    for name in names:
        path = tmp_path / name
        path.mkdir() if name.endswith("/") else path.touch()
    assert said in why_no_job_file(tmp_path)


def test_outputs_that_nothing_keeps_go_to_previous_with_their_sidecars(spool: Spool) -> None:
    folder = spool.active / "J"
    for name in ("a.png", "a.png.yaml", "b.png", "b.png.yaml", "deep/c.png", ".DS_Store"):
        write(folder / "outputs" / name, name)
    assert drops.set_outputs_aside(folder, {"outputs/a.png"}) == 3
    assert drops.set_outputs_aside(folder, {"outputs/a.png"}) == 0
    assert files_in(folder) == [
        "outputs/.DS_Store",
        "outputs/a.png",
        "outputs/a.png.yaml",
        "previous/outputs/b.png",
        "previous/outputs/b.png.yaml",
        "previous/outputs/deep/c.png",
    ]
    write(folder / "outputs" / "b.png", "made again")
    drops.set_outputs_aside(folder, set())
    assert (folder / "previous-2" / "outputs" / "b.png").read_text() == "made again"
    assert (folder / "previous" / "outputs" / "b.png").read_text() == "b.png"


def test_of_many_outputs_those_of_which_nothing_tells_go_to_previous(spool: Spool) -> None:
    folder = spool.active / "J"
    told = [f"outputs/{number:04}.png" for number in range(1200)]
    for path in told:
        write(folder / path, "told")
        write(folder / f"{path}.yaml", "told")
    untold = ["outputs/0300.webp", "outputs/zz.png", "outputs/zz.png.yaml"]
    for path in untold:
        write(folder / path, "untold")
    asked: list[int] = []

    def told_of(paths: Collection[str]) -> set[str]:
        asked.append(len(paths))
        return {*told}.intersection(paths)

    assert drops.set_untold_aside(folder, told_of) == 3
    assert [path for path in files_in(folder) if path.startswith("prev")] == [
        f"previous/{path}" for path in untold
    ]
    assert max(asked) <= 1000
    assert drops.set_untold_aside(folder, told_of) == 0


def test_a_previous_that_a_crash_left_without_a_file_is_taken(spool: Spool) -> None:
    folder = spool.active / "J"
    write(folder / "outputs" / "a.png", "a")
    (folder / "previous" / "outputs" / "deep").mkdir(parents=True)
    drops.set_outputs_aside(folder, set())
    assert files_in(folder) == ["previous/outputs/a.png"]
    assert not (folder / "previous" / "outputs" / "deep").exists()


def test_a_previous_in_which_only_a_link_lies_stays_as_it_is(spool: Spool) -> None:
    folder = spool.active / "J"
    write(folder / "outputs" / "a.png", "a")
    (folder / "previous").mkdir()
    (folder / "previous" / "outputs").symlink_to(spool.inbox)
    drops.set_outputs_aside(folder, set())
    assert (folder / "previous-2" / "outputs" / "a.png").read_text() == "a"
    assert not (spool.inbox / "a.png").exists()


def test_what_was_not_accepted_before_goes_to_previous_too(spool: Spool) -> None:
    folder = spool.active / "J"
    write(folder / "rejected-outputs" / "1-3_a.png", "bad")
    assert drops.set_outputs_aside(folder, set()) == 1
    assert files_in(folder) == ["previous/rejected-outputs/1-3_a.png"]
    assert not (folder / "rejected-outputs").exists()


def test_an_output_kept_under_another_unicode_form_of_its_name_stays(spool: Spool) -> None:
    folder = spool.active / "J"
    write(folder / "outputs" / "cafe\u0301.png", "x")
    assert drops.set_outputs_aside(folder, {"outputs/caf\u00e9.png"}) == 0


def test_a_link_in_the_place_of_the_outputs_is_set_aside_and_not_followed(spool: Spool) -> None:
    folder = spool.active / "J"
    write(spool.root / "theirs" / "a.png", "theirs")
    folder.mkdir()
    (folder / "outputs").symlink_to(spool.root / "theirs")
    assert drops.set_outputs_aside(folder, set()) == 1
    assert (folder / "previous" / "outputs").is_symlink()
    assert (spool.root / "theirs" / "a.png").read_text() == "theirs"


def test_a_folder_taken_out_while_active_is_laid_out_before_it_is_read(spool: Spool) -> None:
    folder = spool.active / "J"
    for name in ("job.yaml", "p.png", "inputs/own.png", "STATUS.yaml", "outputs/made.png"):
        write(folder / name, name)
    assert not drops.is_laid_out(folder)
    drops.lay_inputs_out(folder, "job.yaml")
    assert drops.is_laid_out(folder)
    assert files_in(folder) == [
        "STATUS.yaml",
        "inputs/inputs/own.png",
        "inputs/p.png",
        "job.yaml",
        "outputs/made.png",
    ]


def test_a_folder_without_report_and_graphs_is_known_as_laid_out_by_its_status(
    spool: Spool,
) -> None:
    folder = spool.active / "J"
    write(folder / "job.yaml", "")
    write(folder / "inputs" / "p.png", "")
    write(folder / "STATUS.yaml", "job: J\nstate: done\nheartbeat_at: x\n")
    drops.lay_inputs_out(folder, "job.yaml")
    write(folder / "STATUS.yaml", "job: J\nstate: assembling\nheartbeat_at: x\n")
    drops.lay_inputs_out(folder, "job.yaml")
    assert files_in(folder) == ["STATUS.yaml", "inputs/p.png", "job.yaml"]


@pytest.mark.parametrize("job", ["../x", "x", ".hidden", "20260101-000000-", "20260101-000000-a/b"])
def test_a_name_that_no_job_can_have_is_not_free(spool: Spool, job: str) -> None:
    assert not spool.is_free(job)
    assert spool.is_free("20260101-000000-a")
    (spool.failed / "20260101-000000-a").mkdir()
    assert not spool.is_free("20260101-000000-a")


def test_what_is_pinned_leads_to_the_spool_whatever_has_its_place(tmp_path: Path) -> None:
    ours, theirs = Spool.create(tmp_path / "spool"), Spool.create(tmp_path / "theirs")
    with ours.pinned() as root:
        ours.root.rename(tmp_path / "moved")
        theirs.root.rename(ours.root)
        (root / "inbox" / "note").write_text("ours")
    assert [path.name for path in (tmp_path / "moved" / "inbox").iterdir()] == ["note"]
    assert list(ours.inbox.iterdir()) == []
    with pytest.raises(VqdError, match="another spool"), ours.pinned():
        pass


@pytest.mark.parametrize("place", ["inbox", "active"])
def test_what_a_killed_daemon_of_the_same_number_tried_out_keeps_no_start(
    spool: Spool, place: str
) -> None:
    left = spool.root / place / f"{PROBE}{os.getpid()}"
    left.mkdir()
    spool.check()
    assert not left.exists()


def test_what_fails_because_the_spool_went_away_meanwhile_says_so(spool: Spool) -> None:
    def go_away() -> None:
        with spool.or_away():
            spool.root.rename(spool.root.with_name("gone"))
            next(spool.done.iterdir())

    with pytest.raises(VqdError, match="no vqd spool here") as caught:
        go_away()
    assert caught.value.code == "spool_away"


def test_what_fails_while_the_spool_is_there_is_told_as_it_is(spool: Spool) -> None:
    with pytest.raises(FileNotFoundError), spool.or_away():
        next((spool.done / "nothing").iterdir())
