"""Workflows against what servers told just now, and the queue against its folders."""

from pathlib import Path

from tests.builders import accept_a_job
from tests.graphs import TOLD
from vqd.domain.catalogue import read_node_class
from vqd.domain.finding import Finding, Level
from vqd.service.examine import (
    ToldCatalogue,
    examine_queue,
    examine_workflows,
    used_workflows,
)
from vqd.spool.layout import Spool
from vqd.store.store import Store

JOB = "20260101-000000-a"


def told(*classes: str) -> ToldCatalogue:
    return ToldCatalogue({"gpu1": {name: read_node_class(name, TOLD[name]) for name in classes}})


def faults(
    folders: list[Path], catalogue: ToldCatalogue, used: frozenset[str] = frozenset()
) -> dict[str, Finding]:
    found = examine_workflows(folders, used, catalogue)
    return {one.code: one for one in found if one.level is not Level.OK}


def own_workflow(folder: Path, definition: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    graph = '{"1": {"class_type": "FilmGrain", "inputs": {}}}'
    (folder / "grain.json").write_text(graph)
    text = definition or (
        "vqd_workflow: 1\nname: grain\ngraph: grain.json\n"
        "outputs: {image: {node: '1', kind: image}}\n"
    )
    (folder / "grain.yaml").write_text(text)
    return folder


def test_what_vqd_brings_and_nobody_uses_may_lack_anything() -> None:
    assert faults([], told()) == {}


def test_what_is_used_and_can_run_nowhere_names_what_is_missing() -> None:
    found = faults([], told(), frozenset({"image-scale"}))["workflow_nowhere"]
    assert found.level is Level.WARN
    assert "image-scale can run on no server; on gpu1: the server has " in found.said
    assert found.cure == ("vqd workflows check image-scale  # shows every fault",)


def test_own_workflows_count_as_used(tmp_path: Path) -> None:
    found = faults([own_workflow(tmp_path / "own")], told())["workflow_nowhere"]
    assert "FilmGrain" in found.said


def test_nothing_is_said_of_servers_that_told_nothing(tmp_path: Path) -> None:
    assert faults([own_workflow(tmp_path / "own")], ToldCatalogue()) == {}


def test_a_broken_definition_is_wrong(tmp_path: Path) -> None:
    folder = own_workflow(tmp_path / "own", "vqd_workflow: 1\nname: grain\ngraf: x\n")
    found = faults([folder], told())["workflow_broken"]
    assert found.level is Level.WRONG
    assert "grain is broken, and out of use: " in found.said


def test_a_folder_of_workflows_that_is_gone_is_wrong(tmp_path: Path) -> None:
    found = faults([tmp_path / "gone"], told())["workflows_missing"]
    assert found.cure == (f"mkdir -p {tmp_path / 'gone'}",)


def test_a_workflow_that_is_used_and_was_removed_is_wrong() -> None:
    assert faults([], told(), frozenset({"gone"}))["unknown_workflow"].level is Level.WRONG


def test_a_job_whose_folder_is_gone_is_wrong(store: Store, spool: Spool, tmp_path: Path) -> None:
    accept_a_job(store, JOB)
    (found,) = examine_queue(tmp_path / "queue.db", spool)
    assert (found.level, found.code) == (Level.WRONG, "job_without_folder")
    assert found.cure == (
        f"find {spool.root.parent} -type d -name {JOB}"
        f"  # move it back into {spool.active} if it is found",
    )
    (spool.active / JOB).mkdir()
    (found,) = examine_queue(tmp_path / "queue.db", spool)
    assert (found.level, found.said) == (Level.OK, "1 jobs are not over, each with its folder")


def test_a_share_that_is_away_loses_no_job(store: Store, spool: Spool, tmp_path: Path) -> None:
    accept_a_job(store, JOB)
    (spool.root / ".vqd-spool").unlink()
    assert [*examine_queue(tmp_path / "queue.db", spool)] == []


def test_the_workflows_of_waiting_jobs_are_used(store: Store, tmp_path: Path) -> None:
    accept_a_job(store, JOB)
    with store.reading() as session:
        (job,) = session.joblist.open()
    assert used_workflows(tmp_path / "queue.db") == {job.workflow}
    assert used_workflows(tmp_path / "none.db") == frozenset()
