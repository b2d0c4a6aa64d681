"""Outputs that are gone, cut short or beside another server's: only whole ones are published."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.daemons import Daemon, manifest_of
from tests.faults.rendering import assert_made_once, drop_job, messages, outcomes, run_job
from tests.proxy import PassOn, Proxy
from tests.samples import picture
from vqd.engine.child import EngineProcess


@pytest.fixture
def daemon(tmp_path: Path, proxy: Proxy) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "house", servers=[proxy.url], settle_s=0.1)
    yield made
    made.close()


def cut_short(pass_on: PassOn) -> bytes:
    """Give half a file as if that were all of it: its server was killed while it wrote."""
    head, _, content = pass_on().partition(b"\r\n\r\n")
    half = content[: len(content) // 2]
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*kept, b"Content-Length: %d" % len(half)]) + b"\r\n\r\n" + half


def broken_off(pass_on: PassOn) -> bytes:
    """Break the connection off in the middle of a file."""
    answer = pass_on()
    return answer[: len(answer) - 20]


def test_an_output_that_was_deleted_before_it_was_fetched_is_made_again(
    daemon: Daemon, proxy: Proxy, tmp_path: Path, engine: EngineProcess
) -> None:
    def deleted(pass_on: PassOn) -> bytes:
        shutil.rmtree(engine.data_dir / "output")
        return pass_on()

    proxy.tampers("GET /view", deleted)
    folder = run_job(daemon, tmp_path)
    assert_made_once(daemon, folder, 1)
    assert outcomes(daemon) == {"bad_output": 1, "succeeded": 1}
    assert "is not there any more" in messages(daemon, "bad_output")[0]


def test_half_an_output_is_not_published(daemon: Daemon, proxy: Proxy, tmp_path: Path) -> None:
    proxy.tampers("GET /view", cut_short)
    folder = run_job(daemon, tmp_path, pictures=2)
    assert_made_once(daemon, folder, 2)
    assert outcomes(daemon) == {"bad_output": 1, "succeeded": 2}
    for path in folder.glob("outputs/*.png"):
        with Image.open(path) as image:
            image.load()


def test_a_fetch_that_breaks_off_costs_no_attempt(
    daemon: Daemon, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.tampers("GET /view", broken_off, lambda _: None, broken_off)
    folder = run_job(daemon, tmp_path)
    assert_made_once(daemon, folder, 1)
    assert outcomes(daemon) == {"succeeded": 1}
    assert proxy.asked["GET /view"] == 4


def test_names_that_a_server_would_not_serve_are_made_all_the_same(
    daemon: Daemon, tmp_path: Path
) -> None:
    names = ("v1..2.png", "100%batch_num%.png", f"{'long' * 60}.png")
    for shade, name in enumerate(names):
        picture(tmp_path / "one" / name, shade=shade)
    folder = run_job(daemon, tmp_path, pictures=0)
    assert_made_once(daemon, folder, 3)
    assert outcomes(daemon) == {"succeeded": 3}


def test_servers_that_share_an_output_folder_overwrite_nothing(tmp_path: Path) -> None:
    """Each prompt's picture has a shade of its own, by which a mix-up would be seen."""
    engines = [EngineProcess(tmp_path / "shared") for _ in range(2)]
    for process in engines:
        process.start()
    servers = [
        {
            "url": process.url,
            "input_folder": str(tmp_path / "shared" / "input"),
            "output_folder": str(tmp_path / "shared" / "output"),
        }
        for process in engines
    ]
    daemon = Daemon(tmp_path / "house", servers=servers, settle_s=0.1)
    try:
        daemon.start()
        daemon.wait_up(2)
        drop_job(daemon, tmp_path, pictures=12)
        folder = daemon.wait_closed("one")
        assert_made_once(daemon, folder, 12)
        lines = manifest_of(folder)
        assert {line["server"] for line in lines} == {process.url for process in engines}
        for line in lines:
            with Image.open(folder / line["output"]) as image:
                shade = np.asarray(image)[..., 2].mean()
            assert line["inputs"]["image"] == f"inputs/p{shade:.0f}.png"
        left = list((tmp_path / "shared" / "output").rglob("*.png"))
        assert left == []
    finally:
        daemon.close()
        for process in engines:
            process.stop()
