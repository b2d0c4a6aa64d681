"""Workflows against what the servers were seen to be able to do."""

from dataclasses import replace

from vqd.definitions.check import WorkflowCheck, check, drifted
from vqd.domain.errors import VqdError
from vqd.domain.workflow import Workflow
from vqd.store.store import Session, StoreReader


def check_workflow(reader: StoreReader, workflow: Workflow) -> WorkflowCheck:
    """Tell for each server what is wrong with a workflow there, and how it has drifted.

    Where no daemon has run yet, no server was seen, and nothing is said.

    Raises:
        VqdError: the store cannot be read.
    """
    try:
        with reader.reading() as session:
            return _checked(session, workflow)
    except VqdError as error:
        if error.code != "store_missing":
            raise
        return WorkflowCheck({})


def _checked(session: Session, workflow: Workflow) -> WorkflowCheck:
    names = {made["class_type"] for made in workflow.graph.nodes.values()}
    return WorkflowCheck(
        {
            server: replace(
                found, drift=drifted(workflow, session.catalogue.changes(server, names))
            )
            for server, found in check(workflow, session.catalogue).servers.items()
        }
    )
