"""What editors are told: the JSON Schemas of job files and of workflow definitions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from vqd.definitions.load import Definitions
from vqd.definitions.options import options
from vqd.definitions.schema import DefinitionKeys
from vqd.definitions.shipped import shipped_folder
from vqd.documents.json_schema import Schema, json_schema
from vqd.domain.errors import VqdError
from vqd.domain.place import Place
from vqd.domain.workflow import Workflow
from vqd.intake import jobschema
from vqd.service.known import StoredClasses
from vqd.store.store import StoreReader


def job_schema() -> Schema:
    """Give the schema of a job file, whatever its workflow."""
    return jobschema.job_schema()


def workflow_schema() -> Schema:
    """Give the schema of a workflow definition."""
    return json_schema(DefinitionKeys, title="vqd workflow definition")


def job_schema_for(name: str, *, workflows: Sequence[Path], queue_place: Place) -> Schema:
    """Give the schema of a job file that asks for one workflow, with what the servers offer.

    Raises:
        Faults: `unknown_workflow`, or everything wrong with its definition.
        VqdError: the store cannot be read.
    """
    with StoreReader(queue_place) as reader:
        folders = (*workflows, shipped_folder())
        workflow = Definitions(folders, StoredClasses(reader)).get(name)
        return jobschema.job_schema_for(workflow, _offered(workflow, reader))


def _offered(workflow: Workflow, reader: StoreReader) -> Mapping[str, Sequence[str]]:
    try:
        with reader.reading() as session:
            return options(workflow, session.catalogue)
    except VqdError as error:
        if error.code != "store_missing":
            raise
        return {}
