"""Everything that can be set, and what may stand there."""

from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from vqd.documents.durations import Duration
from vqd.documents.json_schema import Schema, json_schema
from vqd.documents.schema import Keys, fault
from vqd.documents.shown import shown
from vqd.documents.tree import Mapping, Text
from vqd.documents.values import value
from vqd.domain.depot import DepotAddress
from vqd.domain.graph import as_text
from vqd.domain.host import KEPT_S
from vqd.domain.job import Notify
from vqd.domain.jobspec import Given, Point
from vqd.domain.nearest import nearest
from vqd.domain.place import Place
from vqd.domain.window import Window
from vqd.intake.notifying import NotifyKeys
from vqd.settings.database import ALLOWED, database_of
from vqd.settings.depot import ALLOWED as DEPOTS
from vqd.settings.depot import DepotKeys, depot_of
from vqd.settings.farm import BUILTIN, ServerKeys, WindowKeys
from vqd.settings.hotfolders import HotFolderKeys, check_apart
from vqd.settings.listening import WebKeys
from vqd.settings.quoting import QuoteKeys
from vqd.settings.reserving import ReserveKey
from vqd.settings.site import Site
from vqd.settings.targets import HouseKeys, TargetKeys
from vqd.settings.values import resolved
from vqd.spool.leftovers import UNUSED_S
from vqd.spool.mounts import WatchMode
from vqd.spool.reserve import Reserve
from vqd.spool.space import Disks

LogLevel = Literal["debug", "info", "warning", "error"]

_Notifying = TypeVar("_Notifying", NotifyKeys | None, HouseKeys | None)


class Settings(Keys):
    """Everything that can be set. config/vqd.yaml explains each."""

    spool: Path = Field(description="Where jobs are dropped and come back: one file system.")
    state_dir: Path = Field(description="Where the queue's database lies: a local disk.")
    database: str | None = Field(
        default=None,
        description="The database of PostgreSQL's that the queue lies in, {secret} for its "
        "password; it lies in state_dir, if this is not set.",
        examples=["postgresql://vqd:{secret}@db.example.org/vqd"],
    )
    database_secret_file: Path | None = Field(
        default=None, description="A file with what {secret} in the database's URL stands for."
    )
    spools: tuple[Path, ...] = Field(
        default=(),
        description="Spools of other daemons on the same database, whose jobs this one helps with.",
    )
    depot: str | None = Field(
        default=None,
        description="Where files travel between daemons on the same database that reach no spool "
        "of one another.",
        examples=["s3://studio/vqd", "file:///mnt/depot/vqd"],
    )
    depot_options: DepotKeys = Field(
        default=DepotKeys(),
        description="What opens the depot, and how much of it is kept on this machine.",
        examples=[{"endpoint_url": "https://minio:9000", "key": "vqd", "secret_file": "depot.key"}],
    )
    lease_s: float = Field(
        default=10.0,
        ge=2,
        le=600,
        description="Seconds of silence until a daemon is taken for gone by others.",
    )
    servers: tuple[ServerKeys, ...] = Field(
        default=(BUILTIN,),
        validate_default=True,
        description="The ComfyUI servers, used evenly; builtin is vqd's own engine.",
        examples=[[BUILTIN, "http://gpu1:8188"]],
    )
    workflows: tuple[Path, ...] = Field(
        default=(), description="Folders with workflow definitions, before those of vqd."
    )
    input_roots: tuple[Path, ...] = Field(
        default=(), description="Folders outside the job's own that it may take inputs from."
    )
    path_map: dict[str, Path] = Field(
        default_factory=dict,
        description="Where paths of other machines lie on this one, by how they begin.",
        examples=[{"Z:\\": "/mnt/shots", "\\\\nas\\shots": "/mnt/shots"}],
    )
    defaults: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="By workflow, values for the parameters that a job does not give.",
        examples=[{"image-scale": {"method": "area"}}],
    )
    hot_folders: dict[str, HotFolderKeys] = Field(
        default_factory=dict,
        description="Hot folders outside the inbox, by names of their own.",
        examples=[{"upscale": {"path": "/mnt/shots/upscale", "workflow": "image-scale"}}],
    )
    windows: dict[str, WindowKeys] = Field(
        default_factory=dict, description="Hours of the week that jobs may name as theirs."
    )
    fair_share: bool = Field(
        default=False,
        description="Whether jobs of one priority share the servers, a prompt of each in turn, "
        "instead of going one after the other.",
    )
    quote_over: QuoteKeys = Field(
        default=QuoteKeys(),
        description="How large a job is that is quoted, and starts when somebody approves.",
        examples=[{"prompts": 5000, "hours": 8}],
    )
    notify: dict[str, TargetKeys] = Field(
        default_factory=dict,
        description="Targets that jobs may name, to tell what becomes of them.",
    )
    notify_default: NotifyKeys | None = Field(
        default=None, description="What a job tells, and to whom, that does not say so itself."
    )
    notify_house: HouseKeys | None = Field(
        default=None,
        description="What the house tells, and to whom: of its queue, servers, disks and share.",
        examples=[{"events": ["server_down", "server_back"], "to": "studio", "after": "5m"}],
    )
    keep: Duration | None = Field(
        default=None,
        description="So long after a job closed its records, log.txt and graphs/ go. "
        "Outputs are never deleted.",
    )
    keep_uploads: Duration | None = Field(
        default=None,
        description="How long an input stays in a server's input_folder that no prompt asks for: "
        "1d, if it is not set.",
    )
    keep_hosts: Duration | None = Field(
        default=None,
        description="How long a host that is gone is shown to the others on its database: 7d, if "
        "it is not set.",
    )
    reserve: ReserveKey | None = Field(
        default=None,
        description="What stays free of the disks of spool and state_dir: below it nothing new is "
        "taken or sent. 1G, or 2 % of the disk if that is less, if it is not set.",
        examples=["2G", "5%"],
    )
    web: WebKeys | None = Field(
        default=None,
        description="Where the API and the page are served; nowhere, if it is not set.",
        examples=[{"listen": "127.0.0.1:8640"}],
    )
    settle_s: float = Field(
        default=0.5, ge=0, le=3600, description="How long a drop is quiet until it is complete."
    )
    gather_s: float = Field(
        default=3.0,
        ge=0,
        le=3600,
        description="How long a hot folder is quiet until what came together becomes one job.",
    )
    watch: WatchMode = Field(
        default="auto",
        description="Whether drops are seen by events or polled; auto judges each mount.",
    )
    settle_poll_s: float | None = Field(
        default=None,
        ge=0.1,
        le=3600,
        description="How far apart two looks must agree where nobody tells who writes: 3 s, "
        "10 s on a network mount or 25 s on sshfs, if it is not set.",
    )
    rescan_s: float = Field(
        default=60.0, ge=1, le=3600, description="How often everything is looked at again."
    )
    stall_s: float = Field(
        default=600.0, ge=1, description="How long a prompt may show no progress."
    )
    drain_s: float = Field(
        default=20.0, ge=0, description="How long the end of the daemon waits for what runs."
    )
    log_level: LogLevel = Field(
        default="info", description="What is logged: this, and what is worse."
    )

    @field_validator("servers")
    @classmethod
    def _are_servers(cls, servers: tuple[ServerKeys, ...]) -> tuple[ServerKeys, ...]:
        if not servers:
            allowed = "builtin, or http://host:8188"
            raise fault("wrong_value", "names no server.", allowed=allowed)
        for facts in ({server.url for server in servers}, {server.name for server in servers}):
            if len(facts) != len(servers):
                raise fault("wrong_value", "names a server twice.", hint="Keep one.")
        return servers

    @field_validator("defaults")
    @classmethod
    def _are_values(cls, defaults: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for workflow, values in defaults.items():
            for name, given in values.items():
                if isinstance(given, Mapping) and {*given} <= {"scale", "fit"}:
                    values[name] = value(given)
                elif not isinstance(given, str | int | float):
                    said = f"{workflow}.{name} is not one value."
                    raise fault("wrong_type", said, allowed="text, a number, true or false")
        return defaults

    @field_validator("notify_default", "notify_house")
    @classmethod
    def _is_to_a_target(cls, given: _Notifying, read: ValidationInfo) -> _Notifying:
        targets = read.data.get("notify", {})
        if given is not None and given.to not in targets:
            hint = nearest(str(given.to), targets) or "Name it under `notify`."
            raise fault("unknown_target", f"there is no target {given.to}.", hint=hint)
        return given

    @model_validator(mode="after")
    def _is_database(self) -> Self:
        try:
            database_of(self.database, self.database_secret_file)
        except ValueError as error:
            raise fault("wrong_value", str(error), allowed=ALLOWED) from None
        return self

    @model_validator(mode="after")
    def _is_depot(self) -> Self:
        try:
            depot_of(self.depot, self.depot_options, is_shared=self.database is not None)
        except ValueError as error:
            raise fault("wrong_value", str(error), allowed=DEPOTS) from None
        return self

    @model_validator(mode="after")
    def _keep_apart(self) -> Self:
        spool, state = resolved(self.spool), resolved(self.state_dir)
        if spool.is_relative_to(state) or state.is_relative_to(spool):
            said = f"the spool {spool} and the state_dir {state} lie in one another."
            raise fault("not_apart", said, hint="Name a state_dir outside the spool.")
        for place in (spool, state):
            if place.is_relative_to(_OWN_CODE):
                raise fault("not_apart", f"{place} lies in vqd's own code.", hint="Name another.")
        check_apart(self.hot_folders, {"the spool": spool, "the state_dir": state})
        return self

    @property
    def shown(self) -> dict[str, Any]:
        """All that may be shown: nothing secret."""
        return shown(self)

    @property
    def default_points(self) -> dict[str, Point]:
        """The values of `defaults` by workflow, as a job's are given."""
        return {
            workflow: {name: _given(workflow, name, value) for name, value in values.items()}
            for workflow, values in self.defaults.items()
        }

    @property
    def job_windows(self) -> dict[str, Window]:
        """The windows by name, as jobs are judged by them."""
        return {name: keys.window for name, keys in self.windows.items()}

    @property
    def keep_uploads_s(self) -> float:
        """How long an input stays in a server's input folder that no prompt asks for."""
        return self.keep_uploads or UNUSED_S

    @property
    def keep_hosts_s(self) -> float:
        """How long a host that is gone is shown to the others."""
        return self.keep_hosts or KEPT_S

    @property
    def default_notify(self) -> Notify | None:
        """Whom a job tells that does not say so itself."""
        return self.notify_default.notify if self.notify_default else None

    @property
    def site(self) -> Site:
        """Where the queue lies."""
        hot = tuple(one.path for one in self.hot_folders.values())
        database = database_of(self.database, self.database_secret_file)
        return Site(self.spool, self.state_dir, self.reserve or Reserve(), hot, database)

    @property
    def depot_address(self) -> DepotAddress | None:
        """Where the depot is; None without one."""
        return depot_of(self.depot, self.depot_options, is_shared=self.database is not None)

    def look_at_disks(self) -> Disks:
        """Look at the disks that vqd writes to; waits where a share does not answer."""
        return self.site.look_at_disks()

    @property
    def queue_place(self) -> Place:
        """Where the queue lies."""
        return self.site.queue_place


def settings_schema() -> Schema:
    """Give the JSON Schema of a settings file. It needs no key: the environment may have it."""
    made = json_schema(Settings, title="vqd settings")
    del made["required"]
    return made


def _given(workflow: str, name: str, value: Any) -> Given:
    line = value.line if isinstance(value, Text) else None
    return Given(as_text(value), f"defaults.{workflow}.{name}", line, None, "the settings")


_OWN_CODE = Path(__file__).resolve().parents[1]
