"""The inputs of a job's prompts: one shot for each file that fans out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from vqd.domain.jobspec import Given, InputFile
from vqd.planning.values import Reading


@dataclass(frozen=True, slots=True)
class Shot:
    """The files of one prompt by slot. `lead` is the one that names the output, if any.

    A lead's folders are kept only where it lies in the job's own.
    """

    inputs: Mapping[str, str]
    lead: PurePosixPath | None


def read_shots(reading: Reading, inputs: Mapping[str, tuple[InputFile, ...]]) -> tuple[Shot, ...]:
    """Give the shots in the order of their files; what cannot be paired goes to `reading`.

    Slots that fan out are paired: the first file of one with the first of the other.
    """
    slots = reading.workflow.inputs
    given = {name: [file.path for file in inputs[name]] for name in slots if inputs.get(name)}
    fanned = [name for name in given if slots[name].fan_out]
    single = [name for name in given if not slots[name].fan_out]
    for name in slots:
        if slots[name].required and name not in given:
            said = f"there is no file for the input {name}."
            reading.note(_place(name), "missing_input", said, f"Add inputs.{name}.")
    for name in single:
        if len(given[name]) > 1:
            said = f"the input {name} takes one file, not {len(given[name])}."
            reading.note(_place(name), "too_many_files", said, "Name one.")
    lengths = {name: len(given[name]) for name in fanned}
    if len({*lengths.values()}) > 1:
        said = "inputs that fan out together must have as many files: " + ", ".join(
            f"{name} {count}" for name, count in lengths.items()
        )
        reading.note(_place(fanned[0]), "uneven_inputs", f"{said}.", "Make them equal.")
        return ()
    lead = next(iter([*fanned, *single]), None)
    same = {name: given[name][0] for name in single}
    turns = range(max(lengths.values(), default=1))
    files = [{**same, **{name: given[name][turn] for name in fanned}} for turn in turns]
    return tuple(Shot(shot, _lead(shot[lead]) if lead else None) for shot in files)


def _lead(path: str) -> PurePosixPath:
    lead = PurePosixPath(path)
    return PurePosixPath(lead.name) if lead.is_absolute() else lead


def _place(slot: str) -> Given:
    return Given("", f"inputs.{slot}")
