"""How large the inputs of a job are, where a size of it hangs on that."""

from dataclasses import replace

from vqd.domain.errors import Faults, Problem
from vqd.domain.jobspec import FoundInputs, InputFile, JobSpec
from vqd.domain.workflow import Workflow
from vqd.intake.places import Places
from vqd.media.apart import NoDecoder, Undecodable, dimensions
from vqd.planning.sizes import hang_on_inputs


def measured(
    spec: JobSpec, definition: Workflow, inputs: FoundInputs, places: Places
) -> FoundInputs:
    """Give the inputs with their sides in pixels, where a size of the job hangs on them.

    Raises:
        Faults: `undecodable`, each of which they cannot be told. NoDecoder: nothing tells them now.
    """
    if not hang_on_inputs(spec, definition, inputs):
        return inputs
    problems: list[Problem] = []
    seen = {name for name, slot in definition.inputs.items() if slot.kind != "audio"}
    slots = {
        name: tuple(_with_sides(file, places, spec, problems) for file in files)
        for name, files in inputs.slots.items()
        if name in seen
    }
    named = {
        key: _with_sides(file, places, spec, problems)
        for key, file in inputs.named.items()
        if key[0] in seen
    }
    if problems:
        raise Faults(problems)
    return replace(inputs, slots={**inputs.slots, **slots}, named={**inputs.named, **named})


def _with_sides(
    file: InputFile, places: Places, spec: JobSpec, problems: list[Problem]
) -> InputFile:
    try:
        return replace(file, sides=dimensions(places.folder / file.path, below=places.folder))
    except NoDecoder:
        raise
    except (Undecodable, OSError) as error:
        said = f"{file.path}: its width and height cannot be told: {error}."
        hint = "Replace the file, or write sizes as WIDTHxHEIGHT."
        problems.append(Problem("undecodable", said, spec.where, hint=hint))
        return file
