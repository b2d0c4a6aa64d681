"""The prompts of jobs whose folders are not in reach: their files travel by the depot.

Each attempt has a folder of its own here, which stands in for that of the job: what is made is laid
out there as it would be in the job's, and sent from there as one parcel.
"""

import shutil
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from vqd.domain.depot import Content, parcel_name
from vqd.domain.errors import DEPOT_LACKS, VqdError
from vqd.domain.outcome import Parcel, Succeeded
from vqd.domain.queue import Job, Prompt
from vqd.runner.assignment import Assignment
from vqd.runner.inputcache import InputCache
from vqd.runner.inputs import BAD_INPUT, BadInput
from vqd.runner.parcels import pack, sha256_of
from vqd.runner.stocklist import read_list
from vqd.store.store import Store

if TYPE_CHECKING:
    from vqd.depot.depot import Depot

_LISTS = 16
"""Jobs whose lists of inputs are remembered."""


class ByDepot:
    """Carries the files of other daemons' prompts by the depot. `home` is this daemon's own."""

    def __init__(self, depot: "Depot", store: Store, folder: Path, home: str) -> None:
        self.home = home
        self._depot = depot
        self._store = store
        self._attempts = folder / "attempts"
        self._cache = InputCache(depot, folder / "inputs", depot.address.cache_bytes)
        self._lists: OrderedDict[str, Mapping[str, Content]] = OrderedDict()
        self._lock = threading.Lock()
        shutil.rmtree(self._attempts, ignore_errors=True)  # what an earlier process left

    @property
    def is_there(self) -> bool:
        """Tell whether the depot is there, as was last heard."""
        return self._depot.why_away is None

    def folder_for(self, prompt: Prompt) -> Path:
        """Give the folder that stands in for that of the job, for one attempt at a prompt, which is
        made with its inputs: no disk is waited for here."""
        return self._attempts / (prompt.prompt_id or "")

    def carriage(self, job: Job) -> "DepotCarriage":
        """Give what carries the files of a job's prompts."""
        return DepotCarriage(self, job.home)

    def inputs_of(self, home: str, job_key: int) -> Mapping[str, Content]:
        """Give what each input of a job held, by its path as prompts have it.

        Raises:
            VqdError: `depot_away`, `depot_lacks`. OSError: there is no room for the list.
        """
        with self._store.reading() as session:
            sha256 = session.depot.list_of(job_key)
        if sha256 is None:
            raise VqdError(DEPOT_LACKS, "The inputs of the job are not in the depot.")
        with self._lock:
            known = self._lists.get(sha256)
        if known is None:
            name = self._cache.take(home, Content(sha256, 0, 0))
            known = read_list(self._cache.folder / name)
            self._cache.give_back([name])
        with self._lock:
            self._lists[sha256] = known
            while len(self._lists) > _LISTS:
                self._lists.popitem(last=False)
        return known

    def take(self, home: str, assignment: Assignment) -> Mapping[str, str]:
        """Fetch the inputs of a prompt; gives what each is called in the folder of the cache.

        Raises:
            BadInput: their home could not read one. VqdError: `depot_away`, `depot_lacks`.
            OSError: there is no room for them.
        """
        job_key = assignment.prompt.key.job_key
        taken: dict[str, str] = {}
        try:
            contents = self.inputs_of(home, job_key)
            for slot, path in assignment.prompt.inputs.items():
                taken[slot] = self._take(home, path, contents)
        except (OSError, VqdError) as error:
            self._cache.give_back(taken.values())
            if isinstance(error, VqdError) and error.code in (BAD_INPUT, DEPOT_LACKS):
                # Their home puts there again what it has by now.
                self._store.write(lambda session: session.depot.unstock(job_key))
            raise
        return taken

    def _take(self, home: str, path: str, contents: Mapping[str, Content]) -> str:
        if path not in contents:
            raise BadInput(f"{path} is gone from the job's folder, or cannot be read there.")
        return self._cache.take(home, contents[path], PurePosixPath(path).suffix.lower())

    def give_back(self, taken: Mapping[str, str]) -> None:
        """Note that inputs are not in use any more."""
        self._cache.give_back(taken.values())

    @property
    def input_folder(self) -> Path:
        """The folder where inputs are."""
        return self._cache.folder

    def put(self, parcel: Path, name: str) -> Parcel:
        """Put a parcel into the depot.

        Raises:
            VqdError: `depot_away`. OSError: it cannot be read.
        """
        made = Parcel(name, sha256_of(parcel), parcel.stat().st_size)
        self._depot.put(parcel, name)
        return made


class DepotCarriage:
    """Carries the files of the prompts of one job, whose home is another daemon's."""

    def __init__(self, depot: ByDepot, home: str) -> None:
        self._depot = depot
        self._home = home

    def bring(self, assignment: Assignment) -> Assignment:
        """Make the folder, and fetch the inputs, unless they are here."""
        if assignment.fetched is not None:
            return assignment
        assignment.folder.mkdir(parents=True, exist_ok=True)
        fetched = self._depot.take(self._home, assignment)
        return replace(assignment, input_folder=self._depot.input_folder, fetched=fetched)

    def send(self, assignment: Assignment, outcome: Succeeded) -> Succeeded:
        """Put what was made into the depot, as one parcel of this attempt's own."""
        prompt = assignment.prompt
        name = parcel_name(self._home, prompt.key, prompt.attempt, prompt.prompt_id or "")
        packed = assignment.folder / "parcel.tar"
        pack(assignment.folder, outcome.outputs, packed)
        return replace(outcome, parcel=self._depot.put(packed, name))

    def end(self, assignment: Assignment) -> None:
        """Remove the folder that stood in for the job's, and let go of its inputs."""
        self._depot.give_back(assignment.fetched or {})
        shutil.rmtree(assignment.folder, ignore_errors=True)
