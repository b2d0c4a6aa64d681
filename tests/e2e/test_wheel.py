"""The wheel has all that vqd needs beside its libraries: what is installed from it works alone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True, timeout=120)
    (made,) = folder.iterdir()
    return made


def files_below(folder: Path, name: str) -> set[str]:
    paths = (path for path in (folder / name).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in paths if path.suffix != ".pyc"}


def test_every_file_of_the_package_is_in_it_and_what_is_shipped_beside_it(wheel: Path) -> None:
    shipped = {f"vqd/shipped/{name}" for name in files_below(TOP, "workflows")}
    wanted = files_below(TOP, "vqd") | shipped | {"vqd/shipped/vqd.yaml"}
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if name.startswith("vqd/")}
    assert names == wanted


def test_the_demo_runs_from_it_with_nothing_of_this_checkout(wheel: Path, tmp_path: Path) -> None:
    installed, home = tmp_path / "installed", tmp_path / "home"
    home.mkdir()
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(installed)
    demo = subprocess.run(
        [sys.executable, "-m", "vqd", "demo"],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    reports = list((home / "vqd-demo" / "spool" / "done").glob("*/report.html"))
    assert len(reports) == 2
    schema = home / "vqd-demo" / "spool" / "inbox" / "_vqd" / "image-scale.schema.json"
    assert schema.is_file()
