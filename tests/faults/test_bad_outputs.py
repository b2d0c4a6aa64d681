"""Outputs that are not what was asked for: told in words, made again, and never published."""

import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.builders import write
from tests.daemons import Daemon, manifest_of
from tests.faults.rendering import assert_made_once, messages, outcomes, run_job
from tests.proxy import PassOn, Proxy, Tamper
from tests.samples import picture_job
from tests.waiting import wait_for
from vqd.definitions.shipped import shipped_folder
from vqd.engine.child import EngineProcess
from vqd.media.samples import draw_clip

JOB = "vqd: 1\nworkflow: strict\nparams: {size: 24x16}\nretry: {limit: 1}\n"
ONCE = JOB.replace("limit: 1", "limit: 0")
SAVER = 'image: {node: "@Save Image", kind: image, prefix: filename_prefix'


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(
        tmp_path / "house", servers=[proxy.url], settle_s=0.1, workflows=[str(tmp_path / "own")]
    )
    yield made
    made.close()


def with_output(folder: Path, output: str) -> None:
    """Write a workflow `strict` that scales pictures, with such an output."""
    told = (shipped_folder() / "image-scale.yaml").read_text(encoding="utf-8")
    assert SAVER in told
    definition = told.replace("name: image-scale", "name: strict", 1).replace(SAVER, output, 1)
    write(folder / "own" / "strict.yaml", definition)
    graph = (shipped_folder() / "image-scale.json").read_text(encoding="utf-8")
    write(folder / "own" / "image-scale.json", graph)


def with_accept(folder: Path, accept: str) -> None:
    with_output(folder, f"{SAVER}, accept: {{{accept}}}")


def giving(change: Callable[[bytes], bytes]) -> Tamper:
    """Give other bytes than those of the file."""

    def tamper(pass_on: PassOn) -> bytes:
        content = change(pass_on().partition(b"\r\n\r\n")[2])
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        return head.encode() + content

    return tamper


def run_second(daemon: Daemon, folder: Path, *, job: str) -> Path:
    """Run the twin of the first job, and give its folder when it is over."""
    picture_job(folder / "two", pictures=1, job=job).rename(daemon.spool.inbox / "two")
    return daemon.wait_closed("two")


def a_picture(size: tuple[int, int], shade: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(file, "PNG")
    return file.getvalue()


def a_clip(folder: Path) -> bytes:
    draw_clip(folder / "clip.mp4", frames=4, fps=12)
    return (folder / "clip.mp4").read_bytes()


def test_what_comes_is_judged_told_and_made_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    with_accept(tmp_path, "count: 1, size: size, max_black: 0.9, min_bytes: 60")
    clip = a_clip(tmp_path)
    proxy.tampers(
        "GET /view",
        giving(lambda _: b""),
        giving(lambda whole: bytes(len(whole))),
        giving(lambda _: a_picture((16, 24), 90)),
        giving(lambda _: a_picture((24, 16), 0)),
        giving(lambda _: clip),
        giving(lambda whole: whole[:-8] + b"\0" + whole[-7:]),
    )
    folder = run_job(daemon, tmp_path, job=JOB, pictures=6)
    assert_made_once(daemon, folder, 6)
    assert outcomes(daemon) == {"bad_output": 6, "succeeded": 6}
    said = " ".join(messages(daemon, "bad_output"))
    assert said.count("The output image ") == 6
    assert said.count("cannot be used: it is ") >= 2
    for reason in (
        "is 16x24; 24x16 is asked for",
        "is 100% black; 90% is the most",
        "is a clip (`kind: video`); a picture is asked for (`kind: image`)",
    ):
        assert reason in said
    assert not (folder / "rejected-outputs").exists()
    assert {(line["width"], line["height"]) for line in manifest_of(folder)} == {(24, 16)}


def test_what_came_the_last_time_can_be_looked_at(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    with_accept(tmp_path, "size: size")
    other = a_picture((7, 5), 90)
    proxy.tampers("GET /view", giving(lambda _: other))
    folder = run_job(daemon, tmp_path, job=ONCE)
    assert folder.parent == daemon.spool.failed
    (rejected,) = (folder / "rejected-outputs").iterdir()
    assert rejected.read_bytes() == other
    assert rejected.name.startswith("1-1_p1")
    assert not [*folder.glob("outputs/*")]
    why = (folder / "WHY.txt").read_text(encoding="utf-8")
    assert "is 7x5; 24x16 is asked for. It lies in rejected-outputs/." in why
    name = folder.name
    folder.rename(daemon.spool.inbox / name)
    again = wait_for(lambda: [*daemon.spool.done.glob(name)], within_s=60)[0]
    assert_made_once(daemon, again, 1)
    assert (again / "previous" / "rejected-outputs" / rejected.name).read_bytes() == other
    assert not (again / "rejected-outputs").exists()


def test_what_was_made_faster_than_it_can_be_is_not_published_unless_it_was_cached(
    daemon: Daemon, tmp_path: Path, engine: EngineProcess
) -> None:
    requests.post(f"{engine.url}/free", json={"free_memory": True}, timeout=60).raise_for_status()
    with_accept(tmp_path, "min_seconds: 900")
    folder = run_job(daemon, tmp_path, job=ONCE)
    assert folder.parent == daemon.spool.failed
    assert "which takes 900 s at least" in (folder / "WHY.txt").read_text(encoding="utf-8")
    assert_made_once(daemon, run_second(daemon, tmp_path, job=ONCE), 1)


def test_a_cached_prompt_whose_file_was_deleted_is_made_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path, engine: EngineProcess
) -> None:
    """Without `prefix` a second prompt is the first one's twin, and nothing runs for it."""
    with_output(tmp_path, SAVER.replace(", prefix: filename_prefix", ""))
    run_job(daemon, tmp_path, job=JOB)
    shutil.rmtree(engine.data_dir / "output")
    folder = run_second(daemon, tmp_path, job=JOB)
    assert_made_once(daemon, folder, 1)
    assert outcomes(daemon) == {"bad_output": 1, "succeeded": 2}
    assert "is not there any more" in messages(daemon, "bad_output")[0]
    assert proxy.asked["POST /free"] == 1


def test_the_daemon_itself_decodes_nothing(daemon: Daemon, tmp_path: Path) -> None:
    with_accept(tmp_path, "max_black: 0.9")
    folder = run_job(daemon, tmp_path, job=JOB)
    assert_made_once(daemon, folder, 1)
    assert "<img src=" in (folder / "report.html").read_text(encoding="utf-8")
    assert daemon.process is not None
    maps = Path(f"/proc/{daemon.process.pid}/maps").read_text(encoding="utf-8")
    assert "python" in maps
    assert not [library for library in ("/PIL/", "/av/", "libavcodec") if library in maps]
