"""All surfaces, by name."""

from tests.fuzz import comfy, folders, jobs, media, ours, settings, web, words, workflows
from tests.fuzz.surface import surfaces_in

_MODULES = (jobs, workflows, media, comfy, folders, ours, settings, words, web)


HOMES = {name: module.__name__ for module in _MODULES for name in surfaces_in(module)}
"""By the name of each surface that of its module."""
SURFACES = {name: one for module in _MODULES for name, one in surfaces_in(module).items()}
