"""`script/fuzz`: each surface for some minutes, led by what an input reaches of vqd's code.

A surface has a process of its own, in which libFuzzer (by atheris) changes inputs as the surface's
mutation does, or by itself, and keeps what reached something new. What breaks a surface is kept in
its corpus, and the next minutes go on without it; so are the inputs of a run, for the next one.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random

from tests.fuzz.bounds import within_time
from tests.fuzz.surface import CORPUS, Check, Surface, surfaces_in

_KEPT = Path(__file__).parents[2] / ".fuzz"
_FOUND = 77
"""How libFuzzer ends where an input broke something (its -error_exitcode)."""
_MOST_MB = 1500
_SLOW_S = 120
_LONGEST_BYTES = 1 << 16
_MOST_FOUND = 3
"""After so many a surface is left alone: they may all be one."""
_DONE = re.compile(rb"stat::number_of_executed_units:\s+(\d+)")
_COVERED = re.compile(rb"cov: (\d+) ft: (\d+)")


@dataclass(frozen=True, slots=True)
class Run:
    """What one surface came to: `edges` of vqd's bytecode were reached."""

    surface: str
    seconds: float
    executions: int
    edges: int
    findings: tuple[Path, ...]


def main() -> int:
    """Run the surfaces that are named, or all of them; 1 where something was found."""
    args = _arguments()
    if args.alone:
        name, home = args.alone
        _fuzz(name, home, args.libfuzzer)
        return 0
    # Imported only here: a process that fuzzes imports vqd so that what is reached is counted.
    from tests.fuzz.surfaces import HOMES, SURFACES

    unknown = {*args.surfaces} - {*SURFACES}
    if unknown:
        sys.stderr.write(f"No surface {', '.join(unknown)}; there are {', '.join(SURFACES)}.\n")
        return 2
    runs = []
    for name in args.surfaces or SURFACES:
        runs.append(_run(name, HOMES[name], args.minutes * 60))
        sys.stdout.write(f"{_told(runs[-1])}\n")
        sys.stdout.flush()
    return int(any(run.findings for run in runs))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/fuzz", description=__doc__)
    parser.add_argument("surfaces", nargs="*", help="all, if none is named")
    parser.add_argument("--minutes", type=float, default=5.0, help="for each surface")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--libfuzzer", nargs=argparse.REMAINDER, default=[], help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(name: str, home: str, seconds: float) -> Run:
    """Fuzz one surface for so long, begun again after each finding."""
    began_at, executions, edges, findings = time.monotonic(), 0, 0, list[Path]()
    while (left := seconds - (time.monotonic() - began_at)) > 1 and len(findings) < _MOST_FOUND:
        before = {*_corpus(name)}
        with tempfile.TemporaryFile() as said:
            ended = subprocess.run(_command(name, home, int(left)), stderr=said, check=False)
            said.seek(0)
            text = said.read()
        executions += sum(int(count) for count in _DONE.findall(text))
        edges = max([edges, *(int(found[0]) for found in _COVERED.findall(text))])
        found = [path for path in _corpus(name) if path not in before]
        findings += found
        if not found and ended.returncode:
            raise SystemExit(f"{name} ended with {ended.returncode}:\n{text[-4000:].decode()}")
        for path in found:
            sys.stdout.write(f"{path}:\n{_traceback(text)}\n")
    return Run(name, time.monotonic() - began_at, executions, edges, tuple(findings))


def _command(name: str, home: str, seconds: int) -> Sequence[str]:
    kept = _KEPT / name
    kept.mkdir(parents=True, exist_ok=True)
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    bounds = {
        "max_total_time": seconds,
        "max_len": _LONGEST_BYTES,
        "rss_limit_mb": _MOST_MB,
        "timeout": _SLOW_S,
        "error_exitcode": _FOUND,
        "artifact_prefix": f"{CORPUS / name}/",
        "print_final_stats": 1,
        "detect_leaks": 0,
    }
    flags = [f"-{flag}={value}" for flag, value in bounds.items()]
    alone = [sys.executable, "-m", "tests.fuzz.guided", "--alone", name, home, "--libfuzzer"]
    return [*alone, *flags, str(kept)]


def _corpus(name: str) -> Iterator[Path]:
    return (CORPUS / name).glob("*") if (CORPUS / name).exists() else iter(())


def _traceback(text: bytes) -> str:
    said = text.decode(errors="replace")
    at = max(said.rfind("Traceback"), said.rfind("=== Uncaught"), said.rfind("ERROR: libFuzzer"))
    return said[max(at, 0) :][:3000]


def _told(run: Run) -> str:
    return (
        f"{run.surface:20} {run.executions:9,} inputs in {run.seconds:4.0f} s,"
        f" {run.edges:6,} edges, {len(run.findings)} found"
    )


def _fuzz(name: str, home: str, flags: Sequence[str]) -> None:
    """Fuzz one surface in this process, which ends with that."""
    import atheris

    with atheris.instrument_imports(include=["vqd"]):
        surface = surfaces_in(import_module(home))[name]
    *options, kept = flags

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.random() < _BY_ITSELF:
            return bytes(atheris.Mutate(data, most))
        return surface.mutated(chance, data, chance.randint(1, 4))[:most]

    with tempfile.TemporaryDirectory() as folder, surface.open(Path(folder)) as check:

        def tried(data: bytes) -> None:
            with within_time():
                check(data)

        _seed(surface, check, Path(kept))
        atheris.Setup([sys.argv[0], *options, kept], tried, custom_mutator=mutated)
        atheris.Fuzz()


def _seed(surface: Surface, check: Check, kept: Path) -> None:
    """Keep what a run begins with: what breaks the surface is known, and left out. It is tried
    here, so that what is imported late is not counted as slow."""
    known = (path.read_bytes() for path in surface.corpus)
    for number, seed in enumerate((*surface.seeds(), *known)):
        try:
            check(seed)
        except Exception:  # noqa: BLE001 - whatever it broke, it is in the corpus
            continue
        (kept / f"seed-{number}").write_bytes(seed)


_BY_ITSELF = 0.25
"""The share of inputs that libFuzzer changes without knowing their form."""


if __name__ == "__main__":
    sys.exit(main())
