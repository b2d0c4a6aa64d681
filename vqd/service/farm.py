"""What may be asked of the servers: how they are, and which models each has."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from vqd.domain.catalogue import NodeClass
from vqd.domain.errors import VqdError
from vqd.domain.frozen import frozen
from vqd.domain.host import forsaken
from vqd.domain.models import listed_models
from vqd.domain.nearest import nearest
from vqd.domain.place import Place
from vqd.domain.server import ServerRecord, ServerTally
from vqd.domain.spelling import folded
from vqd.service.hosts import HostView, by_host, host_views, sharing
from vqd.service.workflows import Workflows
from vqd.store.catalogue import CatalogueRows
from vqd.store.store import StoreReader


@frozen
class ServerView:
    """A server as it was last seen, what it did, and the workflows that are drifted there."""

    record: ServerRecord
    tally: ServerTally
    drifted: Sequence[str]


@frozen
class Farm:
    """Every server that was ever seen, by name, and the hosts, where several share the queue;
    `written_at` is when the daemon last wrote."""

    servers: Sequence[ServerView]
    written_at: float | None
    hosts: Sequence[HostView] = ()


@frozen
class Tallied:
    """Every server with what it did, and the hosts, where several share the queue."""

    servers: Sequence[tuple[ServerRecord, ServerTally]]
    hosts: Sequence[HostView]


@frozen
class Model:
    """A model: its folder as ComfyUI calls it, its name, and the `servers` that have it."""

    folder: str
    name: str
    servers: tuple[str, ...]


@frozen
class Models:
    """The models that servers list, by folder and name; `servers` are those that told."""

    models: Sequence[Model]
    servers: tuple[str, ...]

    @property
    def folders(self) -> Mapping[str, int]:
        """Count the models of each folder."""
        return Counter(model.folder for model in self.models)

    def in_folder(self, folder: str) -> "Models":
        """Give those of one folder, named as ComfyUI names it or as one of it: `lora`.

        Raises:
            VqdError: `unknown_folder`, no server lists one of that name.
        """
        meant = {name for name in self.folders if folder.casefold() in (name, name[:-1])}
        if not meant:
            said = f"No server lists models in a folder {folder}."
            raise VqdError("unknown_folder", said, nearest(folder, [*self.folders, "all"]))
        return Models([one for one in self.models if one.folder in meant], self.servers)

    def on(self, server: str) -> "Models":
        """Give those that a server has.

        Raises:
            VqdError: `unknown_server`, none of that name told what it has.
        """
        if server not in self.servers:
            said = f"No server {server} has told what it has."
            raise VqdError("unknown_server", said, nearest(server, self.servers))
        return Models([one for one in self.models if server in one.servers], self.servers)

    def like(self, part: str) -> "Models":
        """Give those whose names contain `part`, blind to case and slashes."""
        wanted = folded(part)
        return Models([one for one in self.models if wanted in folded(one.name)], self.servers)


@contextmanager
def open_farm(folders: Sequence[Path], queue_place: Place) -> Iterator["FarmViews"]:
    """Give what is known of the servers, read beside the daemon or while it is down; the workflows
    are those in some folders and those that vqd brings."""
    with StoreReader(queue_place) as reader:
        yield FarmViews(reader, Workflows(folders, reader))


class FarmViews:
    """Reads what the servers said and did."""

    def __init__(self, reader: StoreReader, workflows: Workflows) -> None:
        self._reader = reader
        self._workflows = workflows

    def servers(self, now: float) -> Farm:
        """Give every server that was ever seen.

        Raises:
            VqdError: `store_missing` and the like.
        """
        drifted = self._workflows.drifted()
        known = self._reader.hosts()
        with self._reader.reading() as session:
            records = session.servers.all()
            tallies = session.servers.tallies(now)
            times = [record.seen_at for record in records] + [session.events.newest_at()]
        hosts = sharing(known, records)
        views = [
            ServerView(
                record, tallies.get(record.server, ServerTally()), drifted.get(record.server, ())
            )
            for record in by_host(records, hosts)
        ]
        written_at = max((at for at in times if at is not None), default=None)
        return Farm(views, written_at, host_views(hosts, records, tallies))

    def tallied(self, now: float) -> Tallied:
        """Give every server with what it did, and nothing of the workflows: a few rows are read.

        Raises:
            VqdError: `store_missing` and the like.
        """
        known = self._reader.hosts()
        with self._reader.reading() as session:
            tallies = session.servers.tallies(now)
            records = session.servers.all()
        hosts = sharing(known, records)
        servers = [
            (record, tallies.get(record.server, ServerTally()))
            for record in by_host(records, hosts)
        ]
        return Tallied(servers, host_views(hosts, records, tallies))

    def models(self) -> Models:
        """Give every model that a server lists at some node, each once however it is spelled; not
        what those list whose hosts are gone.

        Raises:
            VqdError: `store_missing` and the like.
        """
        found: dict[tuple[str, str], tuple[str, set[str]]] = {}
        known = self._reader.hosts()
        with self._reader.reading() as session:
            left_out = forsaken(session.servers.all(), known)
            listed = session.catalogue.servers()
            servers = tuple(one for one in listed if one not in left_out)
            for node_class, having in _classes(session.catalogue, servers):
                for folder, name in _listed(node_class):
                    found.setdefault((folder, folded(name)), (name, set()))[1].update(having)
        models = [
            Model(folder, name, tuple(sorted(on))) for (folder, _), (name, on) in found.items()
        ]
        return Models(sorted(models, key=lambda one: (one.folder, folded(one.name))), servers)


def _listed(node_class: NodeClass) -> Iterator[tuple[str, str]]:
    for one in node_class.inputs.values():
        folder, names = listed_models(node_class.name, one) or ("", ())
        yield from ((folder, name) for name in names)


def _classes(
    catalogue: CatalogueRows, servers: Sequence[str]
) -> Iterator[tuple[NodeClass, Sequence[str]]]:
    """Give each class that servers have, and those that have it just so; each is read once."""
    having: dict[tuple[str, int], list[str]] = {}
    for server in servers:
        for name, entry_key in catalogue.entries_of(server).items():
            having.setdefault((name, entry_key), []).append(server)
    for (name, entry_key), on in having.items():
        node_class = catalogue.class_of(entry_key, name)
        if node_class is not None:
            yield node_class, on
