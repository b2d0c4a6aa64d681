"""The demo: a spool of its own, the daemon on the built-in engine, two sample jobs."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from itertools import chain
from pathlib import Path

import yaml

from vqd.domain.errors import VqdError
from vqd.domain.names import printable
from vqd.media.samples import draw_clip, draw_pictures
from vqd.spool.drops import RESULT_NAMES
from vqd.spool.holding import held
from vqd.spool.layout import OWN_FOLDER, Spool

_PICTURES = """\
vqd: 1
workflow: image-scale
name: four-hours
comment: four pictures, each in two sizes and by two methods

inputs:
  image: {glob: "frames/*.png", expect: 4}

fan_out:
  matrix:
    size: [320x200, 160x100]
    method: [lanczos, nearest-exact]
"""

_CLIP = """\
vqd: 1
workflow: video-scale
name: a-day
comment: a short clip, at half its size

inputs: {video: day.mp4}
params: {size: 320x200}
"""

_OURS = ("four-hours", "a-day")
"""What the sample jobs are called."""
_LOOK_EVERY_S = 0.5
"""How soon it is noticed that the daemon has ended."""


def run_demo(folder: Path, *, keep: bool) -> int:
    """Run the demo in `folder`, which is made anew; gives the exit code.

    Raises:
        VqdError: `demo_folder`, the folder holds something that is not a demo, or jobs besides;
            `spool_taken`, a demo is running there; `demo_ended`, its daemon does not.
    """
    folder = folder.absolute()
    _clear(folder)
    settings = _lay_out(folder)
    spool = Spool(folder / "spool")
    with _daemon(settings, folder / "daemon.log", keep=keep) as daemon:
        pid = daemon.pid
        _tell("daemon", f"begins (pid {pid}), spool {spool.root}")
        code = max(_submit(settings, job, daemon) for job in _samples(folder / "samples"))
    _show(spool)
    if keep:
        _tell("daemon", f"still running (pid {pid}); drop jobs into {spool.inbox}")
        _tell("", f"stop it with: kill {pid}")
    return code


def _clear(folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "demo.yaml").exists():
        raise VqdError("demo_folder", f"{folder} is not empty.", "Name another with --dir.")
    spool = Spool(folder / "spool")
    with held(spool) if spool.is_present() else nullcontext():
        yours = next(_yours(spool), None)
        if yours is not None:
            said = f"{yours} is yours, and the demo is made anew."
            raise VqdError("demo_folder", said, "Move it away, or name another with --dir.")
        shutil.rmtree(folder)


def _yours(spool: Spool) -> Iterator[Path]:
    """Give what lies in the demo's spool besides the sample jobs."""
    for path in chain.from_iterable(place.glob("*") for place in spool.folders):
        if path.name != OWN_FOLDER and not path.name.endswith(_OURS):
            yield path


def _lay_out(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Spool.create(folder / "spool")
    settings = folder / "demo.yaml"
    values = {"spool": "spool", "state_dir": "state", "servers": ["builtin"]}
    settings.write_text(yaml.safe_dump(values), encoding="utf-8")
    return settings


def _samples(folder: Path) -> Sequence[Path]:
    pictures, clip = (folder / name for name in _OURS)
    draw_pictures(pictures / "frames")
    (pictures / "job.yaml").write_text(_PICTURES, encoding="utf-8")
    draw_clip(clip / "day.mp4")
    (clip / "job.yaml").write_text(_CLIP, encoding="utf-8")
    return pictures, clip


@contextmanager
def _daemon(settings: Path, log: Path, *, keep: bool) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            _vqd("run", settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(),
            start_new_session=True,
        )
    try:
        yield daemon
    finally:
        if not keep:
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait(timeout=60)
            _tell("daemon", "stopped" if code == 0 else f"ended with {code}; see {log}")


def _submit(settings: Path, job: Path, daemon: subprocess.Popen[bytes]) -> int:
    """Hand a job in, and wait until it is over; gives the exit code.

    Raises:
        VqdError: `demo_ended`.
    """
    command = _vqd("submit", settings, str(job), "--wait")
    with subprocess.Popen(command, env=_environment()) as submitted:
        while submitted.poll() is None:
            if daemon.poll() is not None:
                submitted.terminate()
                raise _ended(settings.parent / "daemon.log")
            with suppress(subprocess.TimeoutExpired):
                submitted.wait(_LOOK_EVERY_S)
    return submitted.returncode


def _ended(log: Path) -> VqdError:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = f"Its daemon ended: {printable(lines[-1])}" if lines else "Its daemon ended."
    return VqdError("demo_ended", said, f"{log} tells more.")


def _vqd(verb: str, settings: Path, *words: str) -> Sequence[str]:
    return [sys.executable, "-m", "vqd", verb, *words, "--settings", str(settings)]


def _environment() -> dict[str, str]:
    """Give the environment without settings, which would lie over those of the demo."""
    return {name: said for name, said in os.environ.items() if not name.upper().startswith("VQD_")}


def _show(spool: Spool) -> None:
    for place in (spool.done, spool.failed):
        for folder in sorted(place.iterdir()):
            _tell("", "")
            _tell(place.name, f"{folder}/")
            for line in _tree(folder):
                _tell("", line)
    _tell("", "")
    for report in sorted(spool.root.glob("*/*/report.html")):
        _tell("report", str(report))


def _tree(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        depth = len(path.relative_to(folder).parts)
        is_own = path.relative_to(folder).parts[0] in RESULT_NAMES
        size = "" if path.is_dir() else f"  {path.stat().st_size:,} bytes"
        mark = "/" if path.is_dir() else ""
        yield f"{'  ' * depth}{path.name}{mark}{size}" + (
            "" if is_own or depth > 1 else "  (yours)"
        )


def _tell(about: str, words: str) -> None:
    sys.stdout.write(f"{about:<8}{words}\n".rstrip(" "))
    sys.stdout.flush()
