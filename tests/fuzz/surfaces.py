"""All surfaces, by name."""

from tests.fuzz import comfy, folders, jobs, media, ours, settings, web, words, workflows
from tests.fuzz.surface import Surface

_MODULES = (jobs, workflows, media, comfy, folders, ours, settings, words, web)

SURFACES: dict[str, Surface] = {
    one.name: one
    for module in _MODULES
    for one in vars(module).values()
    if isinstance(one, Surface)
}
