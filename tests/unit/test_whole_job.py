"""A job that uses every key, against prompts that were written by hand; and one full of faults."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.builders import NOW, write
from tests.samples import picture
from vqd.domain.graph import edited
from vqd.service.draft import Draft
from vqd.service.drafts import Drafting
from vqd.spool.layout import Spool

RECORDED = Path(__file__).parents[1] / "recorded" / "whole"


def laid(folder: Path, job_file: str = "job.yaml") -> Path:
    """Lay a job folder with the recorded job and its inputs."""
    for name in ("frames/dune.png", "frames/sunset2.png", "end.png"):
        picture(folder / name, size=(64, 32))
    write(folder / "frames" / "dune.txt", "a dune at dawn\n")
    write(folder / "Ready.txt", "")
    write(folder / "shots.csv", (RECORDED / "shots.csv").read_text(encoding="utf-8"))
    return write(folder / "job.yaml", (RECORDED / job_file).read_text(encoding="utf-8"))


def drafted(tmp_path: Path, job_file: str = "job.yaml") -> Draft:
    drafting = Drafting(
        Spool.create(tmp_path / "spool"),
        workflows=[RECORDED],
        input_roots=(),
        windows=["nights"],
        targets=["studio"],
    )
    return drafting.draft(laid(tmp_path / "beach", job_file), now=NOW)


def recorded() -> list[list[str]]:
    lines = (RECORDED / "prompts.txt").read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


def read_back(number: int, graph: dict[str, dict[str, Any]], inputs: dict[str, str]) -> list[str]:
    """Give a prompt as the recording has it, from its graph alone."""
    sampler = graph["86"]["inputs"]
    assert sampler["seed"] == graph["85"]["inputs"]["noise_seed"]
    assert ("201" in graph) == ("202" in graph)
    lora = graph["201"]["inputs"]["lora_name"] if "201" in graph else "-"
    assert sampler["model"] == (["201", 0] if "201" in graph else ["200", 0])
    assert graph["3"]["inputs"]["clip"] == (["202", 0] if "202" in graph else ["200", 1])
    return [
        str(number),
        Path(inputs["image"]).stem.rstrip("2"),
        str(sampler["cfg"]),
        str(sampler["steps"]),
        sampler["sampler_name"],
        str(graph["4"]["inputs"]["value"]),
        lora,
        str(sampler["seed"]),
    ]


def test_the_job_that_uses_every_key_becomes_what_was_written_by_hand(tmp_path: Path) -> None:
    draft = drafted(tmp_path)
    assert draft.problems == ()
    assert draft.planned is not None
    made = [*draft.planned.prompts()]
    by_hand = recorded()
    assert draft.planned.plan.total == len(made) == len(by_hand) == 28
    for prompt, (number, source, tag, *rest) in zip(made, by_hand, strict=True):
        graph = edited(prompt.graph.nodes, prompt.edits)
        assert read_back(prompt.number, graph, dict(prompt.inputs)) == [number, source, *rest]
        assert (
            graph["3"]["inputs"]["text"]
            == {"dune": "a dune at dawn", "sunset": "burning sky"}[source]
        )
        size = graph["8"]["inputs"]
        assert (size["width"], size["height"], size["length"]) == (640, 320, 49)
        assert (graph["5"]["inputs"]["value"], graph["11"]["inputs"]["fps"]) == (True, 48)
        assert graph["6"]["inputs"]["value"] is True
        assert prompt.inputs["last_frame"] == "end.png"
        cfg, steps = rest[0], rest[1]
        named = "sunset2" if source == "sunset" else source
        tag = "" if tag == "-" else tag.replace("_", " ")
        assert prompt.stem == f"acme/{named}_{tag}_cfg{cfg}_{steps}_s{rest[-1]}"


def test_the_same_job_is_the_same_byte_for_byte_in_another_process(tmp_path: Path) -> None:
    laid(tmp_path / "beach")
    told = {told_by_process(tmp_path, hash_seed) for hash_seed in ("0", "1", "4294967295")}
    assert len(told) == 1
    assert told.pop().count("\n") == 28


TELL = """\
import sys
from pathlib import Path
from vqd.service.drafts import Drafting
from vqd.spool.layout import Spool
recorded, folder = map(Path, sys.argv[1:])
how = {"workflows": [recorded], "input_roots": (), "windows": ["nights"], "targets": ["studio"]}
drafting = Drafting(Spool.create(folder / "spool"), **how)
draft = drafting.draft(folder / "beach" / "job.yaml", now=0.0)
print(*map(repr, draft.planned.prompts()), sep="\\n")
"""


def told_by_process(folder: Path, hash_seed: str) -> str:
    told = subprocess.run(
        [sys.executable, "-c", TELL, str(RECORDED), str(folder)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout


FAULTS = [
    (3, "namex", "unknown_key"),
    (5, "inputs.image.sort", "unknown_choice"),
    (5, "inputs.lastframe", "unknown_slot"),
    (7, "params.prompt", "unknown_token"),
    (8, "params.steps", "wrong_type"),
    (9, "params.frames", "out_of_range"),
    (10, "params.hdr", "wrong_type"),
    (11, "params.size", "wrong_type"),
    (13, "fan_out.matrix.cfg[1]", "out_of_range"),
    (13, "fan_out.matrix.motion[0]", "unknown_choice"),
    (14, "fan_out.seeds.count", "out_of_range"),
    (15, "retry.timeout", "wrong_type"),
]


def test_twelve_faults_are_twelve_messages_at_their_lines(tmp_path: Path) -> None:
    problems = drafted(tmp_path, "faults.yaml").problems
    assert [(one.line, one.key, one.code) for one in problems] == FAULTS
    assert all(
        one.where == "job.yaml" and one.said and (one.hint or one.allowed) for one in problems
    )
