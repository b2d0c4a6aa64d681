"""A job with outputs of every kind, for its report: 3 x 4 points over two pictures and a clip."""

import hashlib
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

from tests.builders import write
from tests.samples import picture
from tests.unit.test_media_probe import a_sound
from vqd.domain.graph import Value
from vqd.media.report import ReportJob, ReportOutput, ReportPrompt, write_report
from vqd.media.samples import draw_clip

CFG = (3.5, 5.0, 7.0)
MOTION = ("low", "mid", "high", "wild")
FAILED = 7
"""The number of the prompt that failed."""
PICTURES = 36
"""Prompts of the matrix; what has other kinds of outputs comes after."""


def a_report(folder: Path) -> Path:
    """Write the files of the job into a folder, and its report; gives the path of that."""
    prompts = [*_matrix(folder), *_others(folder)]
    job = _job(prompts, {"cfg": CFG, "motion": MOTION})
    write_report(job, lambda: prompts, folder, folder / "report.html")
    return folder / "report.html"


def a_report_of_a_zip(folder: Path) -> Path:
    """Write the report of a job whose `lora` and `tag` are a zip, and whose `mood` hangs on the
    input; gives its path."""
    prompts = []
    points = [("film", "plain"), ("none", "soft"), ("grain", "hard")]
    for number, (shade, (lora, tag)) in enumerate(product(range(2), points), 1):
        picture(folder / f"inputs/{shade}.png", shade=shade)
        picture(folder / f"outputs/{number}.png", shade=number)
        output = _output(folder, f"outputs/{number}.png", "image", width=32, height=20)
        point: dict[str, Value] = {"lora": lora, "tag": tag, "mood": f"m{shade}"}
        prompts.append(_prompt(number, output, point, f"{shade}.png"))
    names = ("film", "none", "grain"), ("plain", "soft", "hard"), ("m0", "m1")
    axes: dict[str, tuple[Value, ...]] = dict(zip(("lora", "tag", "mood"), names, strict=True))
    write_report(_job(prompts, axes), lambda: prompts, folder, folder / "report.html")
    return folder / "report.html"


def _job(prompts: list[ReportPrompt], axes: dict[str, tuple[Value, ...]]) -> ReportJob:
    total = len(prompts)
    failed = sum(prompt.state == "failed" for prompt in prompts)
    return ReportJob(
        job="20261124-092000-beach",
        workflow="image-scale",
        workflow_version=3,
        state="failed" if failed else "done",
        reason=f"{failed} of {total} prompts failed" if failed else None,
        comment="client A, second round",
        labels={"client": "acme"},
        counts={
            "total": total,
            "succeeded": total - failed,
            "failed": failed,
            "cancelled": 0,
            "kept": sum(prompt.is_kept for prompt in prompts),
        },
        params={"steps": 24},
        axes=axes,
        accepted_at=1795512000.0,
        started_at=1795512004.0,
        finished_at=1795512129.0,
        problems=(),
        input_folder="inputs",
    )


def _matrix(folder: Path) -> list[ReportPrompt]:
    names = ["dawn.png", "noon.png", "day.mp4"]
    for shade, name in enumerate(names[:2]):
        picture(folder / "inputs" / name, size=(320, 200), shade=100 * shade)
    draw_clip(folder / "inputs/day.mp4", frames=12)
    made = []
    for number, (name, cfg, motion) in enumerate(product(names, CFG, MOTION), 1):
        path = f"outputs/{number}{Path(name).suffix}"
        if path.endswith(".png"):
            picture(folder / path, size=(640, 400), shade=6 * number)
            output = _output(folder, path, "image", width=640, height=400)
        else:
            shutil.copy(folder / "inputs/day.mp4", folder / path)
            output = _output(folder, path, "video", width=640, height=400, frames=12, fps=24.0)
        point: dict[str, Value] = {"cfg": cfg, "motion": motion, "flip": False}
        one = _prompt(number, output, point, name)
        made.append(one)
    failed = replace(made[FAILED - 1], state="failed", outputs=(), failure="node_error: it raised")
    made[FAILED - 1] = replace(failed, is_kept=False)
    return made


def _others(folder: Path) -> list[ReportPrompt]:
    a_sound(folder / "outputs/voice.flac", "flac")
    write(folder / "outputs/caption.txt", "A quiet valley at dawn. " * 40)
    write(folder / "outputs/noise.latent", "no picture")
    kinds = {"voice.flac": "audio", "caption.txt": "text", "noise.latent": "latent"}
    outputs = [_output(folder, f"outputs/{name}", kind) for name, kind in kinds.items()]
    point: dict[str, Value] = {"cfg": CFG[0], "motion": MOTION[0], "flip": False}
    return [
        _prompt(number, output, point, f"{output.kind}.png")
        for number, output in enumerate(outputs, PICTURES + 1)
    ]


def _prompt(number: int, output: ReportOutput, params: dict[str, Value], name: str) -> ReportPrompt:
    return ReportPrompt(
        number=number,
        state="succeeded",
        params=params,
        inputs={"image": name},
        seed=1000 + number,
        server=f"gpu{number % 2}",
        attempt=1,
        seconds=2.5,
        outputs=(output,),
        failure=None,
        is_kept=number <= 12,
    )


def _output(
    folder: Path,
    path: str,
    kind: str,
    *,
    width: int | None = None,
    height: int | None = None,
    frames: int | None = None,
    fps: float | None = None,
) -> ReportOutput:
    data = (folder / path).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    return ReportOutput(path, kind, len(data), sha256, width, height, frames, fps)
