"""What inbox/_vqd/ holds for whoever drops jobs: how to, a ready job file and a JSON Schema per
workflow, and which workflows are broken."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from vqd.definitions.load import Definitions
from vqd.definitions.options import options
from vqd.definitions.shipped import shipped_folder
from vqd.documents.json_schema import Schema
from vqd.domain.errors import Faults, Problem
from vqd.domain.frozen import frozen
from vqd.domain.jobspec import Point
from vqd.domain.names import printable, safe_name
from vqd.domain.param import Misfit
from vqd.domain.workflow import Workflow
from vqd.intake.jobschema import job_schema, job_schema_for
from vqd.intake.sample import sample_job
from vqd.service.known import StoredClasses
from vqd.spool.layout import OWN_FOLDER
from vqd.store.store import Store

README = "README.txt"
BROKEN = "BROKEN-WORKFLOWS.txt"
_GENERAL_SCHEMA = "_job.schema.json"
"""No workflow's: a definition whose name begins with `_` is not read."""


@frozen
class _Made:
    """The files of a workflow, and what they were made of."""

    workflow: Workflow
    catalogue: str
    files: Mapping[str, str]


class Welcome:
    """Makes the files when asked; of a workflow that has not changed since they are not made again.

    `store` is None where there is none yet: then nothing is known of what the servers offer.
    `defaults` are the settings' own, by workflow.
    """

    def __init__(
        self,
        store: Store | None,
        workflows: Sequence[Path],
        defaults: Mapping[str, Point] = MappingProxyType({}),
    ) -> None:
        self._store = store
        self._defaults = defaults
        known = StoredClasses(store) if store else None
        self._definitions = Definitions((*workflows, shipped_folder()), known)
        self._made: dict[str, _Made] = {}

    def files(self) -> Mapping[str, str]:
        """Give the text of each file by its name, as definitions and servers are now.

        No two names differ in their case alone.

        Raises:
            VqdError: the store cannot be read.
        """
        broken: dict[str, Sequence[Problem]] = {}
        made: dict[str, _Made] = {}
        catalogue = self._catalogue()
        for name in self._definitions.names():
            try:
                made[name] = self._files_of(self._definitions.get(name), catalogue)
            except Faults as faults:
                broken[name] = faults.problems
        self._made = made
        files = {
            README: _readme(one.workflow for one in made.values()),
            _GENERAL_SCHEMA: self._job_schema,
            **({BROKEN: _broken(broken)} if broken else {}),
        }
        for one in made.values():
            files |= one.files
        return {name: files[name] for name in {name.casefold(): name for name in files}.values()}

    @cached_property
    def _job_schema(self) -> str:
        return _json(job_schema())

    def _catalogue(self) -> str:
        """Give what tells one state of the servers' catalogue from another."""
        if self._store is None:
            return ""
        with self._store.reading() as session:
            return session.catalogue.version()

    def _files_of(self, workflow: Workflow, catalogue: str) -> _Made:
        known = self._made.get(workflow.name)
        if known and known.workflow is workflow and known.catalogue == catalogue:
            return known
        told = _with_defaults(workflow, self._defaults.get(workflow.name, {}))
        stem = safe_name(workflow.name)
        schema = f"{stem}.schema.json"
        files = {
            f"{stem}.yaml": sample_job(told, f"../{OWN_FOLDER}/{schema}"),
            schema: _json(job_schema_for(told, self._offered(workflow))),
        }
        return _Made(workflow, catalogue, files)

    def _offered(self, workflow: Workflow) -> Mapping[str, Sequence[str]]:
        if self._store is None:
            return {}
        with self._store.reading() as session:
            return options(workflow, session.catalogue)


def _with_defaults(workflow: Workflow, defaults: Point) -> Workflow:
    """Give the workflow with the settings' defaults, but for what its parameters do not take."""
    params = dict(workflow.params)
    for name in params.keys() & defaults.keys():
        with suppress(Misfit):
            params[name] = replace(params[name], default=params[name].read(defaults[name].text))
    return replace(workflow, params=params)


def _json(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _readme(workflows: Iterable[Workflow]) -> str:
    listed = "\n".join(_listed(workflow) for workflow in workflows)
    return _README.format(workflows=listed or "  (none yet)")


def _listed(workflow: Workflow) -> str:
    about = textwrap.wrap(workflow.help or workflow.label, 90)
    return "\n      ".join((f"  {safe_name(workflow.name)}.yaml", *about))


def _broken(broken: Mapping[str, Sequence[Problem]]) -> str:
    return "\n".join([_BROKEN, *_told(broken), ""])


def _told(broken: Mapping[str, Sequence[Problem]]) -> Iterator[str]:
    for name, problems in broken.items():
        yield from ("", printable(name), *(f"  {problem.in_full}" for problem in problems))


_BROKEN = """\
These workflows cannot be used until their definition is mended. Jobs for the others run."""

_README = """\
HOW TO DROP A JOB

1. Make a folder in inbox, beside the folder _vqd, and call it what you like: beach
2. Copy your pictures or clips into it.
3. Copy one of the .yaml files of _vqd into it and name the copy job.yaml. It says what is done
   with them; open it with any text editor, every line is explained.
4. Wait. When everything has arrived the folder moves to active by itself. It comes back in done,
   with outputs/ and report.html (open that), or in failed, with WHY.txt: it says what to change.
   Change it there, move the folder back into inbox, and only what is missing is made.

For a few files no folder is needed: copy a .yaml file of _vqd into inbox, beside your files.

For the same again and again make a hot folder: a folder in inbox with such a file in it, called
_defaults.yaml; or one that is called like a workflow below, without the .yaml. It stays. Pictures
or clips that you drop into it together become one job, and so does each folder of them.

To make a result again, copy it into inbox, or the .yaml that lies beside it in outputs.

WORKFLOWS

{workflows}

GOOD TO KNOW

To steer a job, put an empty file into its folder in active: CANCEL stops it; PAUSE lets nothing
more of it start, RESUME goes on; PRIORITY 80 lets it overtake (0 to 100, most jobs have 50); RETRY
tries again what failed; APPROVE starts what waits for that. The file gets a new name, which is
the answer.
While a file named PAUSE lies beside inbox, nothing new starts at all.
WAITING.txt, here, says for everything that is not taken what it waits for.
Copy in any order, as slowly as it takes. What you drop is never deleted.
Never taken: this folder _vqd; names that begin with . or ~; unfinished downloads and copies
(.part, .tmp, .crdownload and the like); links.
vqd writes this folder and keeps it as it is: change copies, not these files.
"""
