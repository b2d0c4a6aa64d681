"""A ComfyUI server as the runner knows it."""

import random
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from math import ceil
from pathlib import Path

import structlog

from vqd.comfy.client import Client
from vqd.comfy.faults import ComfyError
from vqd.comfy.listener import Listener
from vqd.comfy.messages import ServerFacts
from vqd.domain.frozen import frozen
from vqd.domain.needs import Capability
from vqd.domain.server import ServerRecord
from vqd.runner.inputs import InputChecks, Uploads
from vqd.runner.places import Places
from vqd.runner.standing import Standing

_log = structlog.get_logger(__name__)


@frozen
class ServerAddress:
    """Where a server is, and what the settings say that it has. `input_folder` and `output_folder`
    are its own, where this machine sees them: files are then linked, not sent. `ca_file` has the
    authorities of which its certificate must be."""

    name: str
    url: str
    input_folder: Path | None = None
    output_folder: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None
    capability: Capability = field(default_factory=Capability)


class Server:
    """A connection to one server, and how many of our prompts are on it.

    `capability` is what it has, as the settings say; its VRAM else as it told of itself.
    `connection` counts how often it came up: what was known of it before may be true no more.
    `epoch` is the name of a file that a restart of it wipes, once there is one.

    It is up if its websocket is, and also if it answers without one.
    """

    def __init__(
        self,
        address: ServerAddress,
        checks: InputChecks,
        *,
        on_change: Callable[[], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.address = address
        self.name = address.name
        self.url = address.url
        self.output_folder = address.output_folder
        self.client = Client(address.url, headers=address.headers, ca_file=address.ca_file)
        self.uploads = Uploads(self.client, checks, address.input_folder)
        self.listener = Listener(
            address.url,
            headers=address.headers,
            ca_file=address.ca_file,
            on_connection=self._on_connection,
        )
        self._on_change = on_change
        self.places = Places()
        self.standing = Standing(on_news=self._note_news, chance=chance)
        self._version: str | None = None
        self._vram_gb: float | None = None
        self.capability = address.capability
        self.is_up = False
        self.is_leaving = False
        self._is_doubted = False
        self._fault: ComfyError | None = None
        self.epoch: str | None = None
        self.connection = 0
        self.changed = True

    def start(self) -> None:
        """Begin to listen; the server is up once it was heard."""
        self.listener.start()

    def stop(self) -> None:
        """Hang up. What runs on the server goes on."""
        self.listener.stop()
        self.client.close()

    def is_at(self, address: ServerAddress) -> bool:
        """Tell whether it is reached so, whatever it is said to have there."""
        return replace(address, capability=self.address.capability) == self.address

    def equip(self, capability: Capability) -> None:
        """Note that the settings say something else of what it has."""
        if capability != self.address.capability:
            self.address = replace(self.address, capability=capability)
            self._judge_capability()

    def note_leaving(self, is_leaving: bool) -> None:
        """Note whether it is given nothing more, since the settings do not name it any more."""
        if is_leaving != self.is_leaving:
            self.is_leaving, self.changed = is_leaving, True

    def free_places(self, now: float) -> range:
        """Give the places for prompts that are free now (`now` in monotonic seconds).

        Place 0 is the one that runs; the further back, the longer a prompt waits there.
        """
        if not self.is_up or self._is_doubted:
            return range(0)
        places = self.places
        return places.free(self.standing.depth(now, rendering=places.given, usual=places.usual))

    @property
    def has_one_prompt(self) -> bool:
        """Tell whether it was given one prompt of ours, and no other."""
        return self.places.given == 1

    @property
    def has_prompts(self) -> bool:
        """Tell whether it has a prompt of ours, or is about to."""
        return self.places.given > 0

    @property
    def others(self) -> int:
        """Count the prompts of other people on it, as last heard; 0 while nothing is heard."""
        return max(0, self.listener.remaining - self.places.there)

    def leave(self, prompt_id: str) -> None:
        """Note that it has done with a prompt; its outputs may still be fetched."""
        self.places.leave(prompt_id)
        self._on_change()

    def rest(self, now: float) -> None:
        """Leave it alone for a while."""
        if self.standing.rest(now):
            self.listener.nudge()  # without a websocket nothing else would tell that it is down

    @property
    def version(self) -> str | None:
        """Give its version of ComfyUI, once it has told."""
        return self._version

    def learn(self) -> bool:
        """Ask it what it is, and tell whether it said that. It may take a while to answer."""
        try:
            facts = self.client.facts()
        except ComfyError as error:
            _log.warning("server.unknown", server=self.name, error=error.message)
            return False
        self._mark()
        self._version, self._vram_gb = facts.version, _vram_gb(facts)
        self._judge_capability()
        self._on_change()
        return True

    def _judge_capability(self) -> None:
        """Note what it has: its VRAM as it told, where the settings do not say."""
        said = self.address.capability
        is_said = said.vram_gb is not None
        self.capability = said if is_said else replace(said, vram_gb=self._vram_gb)
        self.changed = True

    def record(self, now: float) -> ServerRecord:
        """Give how it is now, and note that this was told. `now` is UTC seconds."""
        self.changed = False
        told = self.standing.told if self.is_up else None
        state, said = told or ("up" if self.is_up else "down", self._told)
        has = self.capability
        return ServerRecord(
            self.name,
            self.url,
            state,
            said,
            self._version,
            now,
            vram_gb=has.vram_gb,
            tags=tuple(sorted(has.tags)),
        )

    @property
    def life(self) -> tuple[str | None, int]:
        """Give what `why_lost` is to be asked with: its epoch, and how often it came up."""
        return self.epoch, self.connection

    def why_lost(self, life: tuple[str | None, int] | None) -> tuple[str, bool]:
        """Say why it knows nothing of a prompt that it had in this `life` of it, and tell whether
        it was restarted since; to be asked last of all, after its queue and its history."""
        epoch, connection = life or (None, self.connection)
        unclear = "it was restarted, or its queue was cleared"
        if epoch is None:
            return unclear, self.connection != connection
        try:
            is_same = self.client.has_sentinel(epoch)
        except ComfyError:
            return unclear, False
        if is_same:
            return "somebody cleared its queue or its history", False
        return "it was restarted", True

    @property
    def _told(self) -> str | None:
        """Say what stands in the way, if anything does."""
        if self.is_leaving:
            return "not in the settings any more; what runs there comes to its end"
        if self._fault is None:
            return None if self.is_up else "not connected yet"
        if self.is_up:
            return f"without its websocket, so asked every 2 s instead: {self._fault.message}"
        return f"not connected, and tried again and again: {self._fault.message}"

    def _on_connection(self, fault: ComfyError | None) -> None:
        """Note that the websocket is there, or why it is not; called by the listener."""
        if fault is None:
            self._begin_anew()
            self._note(is_up=True, fault=None)
            return
        self._is_doubted = True  # nothing is sent to it until it answered
        try:
            self.client.greet()
            if not self.is_up or self._was_restarted():
                self._begin_anew()
        except ComfyError as error:
            self._note(is_up=False, fault=error)
        else:
            self._note(is_up=True, fault=fault)

    def _mark(self) -> None:
        """Leave a file there that tells, as long as it is there, that the server is the same."""
        try:
            if self._was_restarted():
                self.standing.forgive()
                self.epoch = None
            self.epoch = self.epoch or self.client.plant_sentinel()
        except ComfyError as error:
            self.epoch = None
            _log.info("server.unmarked", server=self.name, error=error.message)

    def _was_restarted(self) -> bool:
        return self.epoch is not None and not self.client.has_sentinel(self.epoch)

    def _note_news(self) -> None:
        self.changed = True

    def _begin_anew(self) -> None:
        self.uploads.forget()
        self.client.forget()
        self._version = None
        self.connection += 1

    def _note(self, *, is_up: bool, fault: ComfyError | None) -> None:
        before = (self.is_up, self._told)
        self._is_doubted, self._fault, self.is_up = False, fault, is_up
        if (self.is_up, self._told) != before:
            self.changed = True
        self._on_change()


def _vram_gb(facts: ServerFacts) -> float | None:
    """Give the largest card's VRAM in whole GB, rounded up: one of 24 GB says a little less."""
    return float(ceil(facts.vram_bytes / _GB)) or None


_GB = 1 << 30
