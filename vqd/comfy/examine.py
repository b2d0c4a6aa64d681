"""Whether a server is there, is ComfyUI, lives, and keeps time."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from vqd.comfy.client import Client
from vqd.comfy.faults import NotComfy, Unreachable
from vqd.comfy.messages import ServerFacts
from vqd.domain.catalogue import NodeClass, read_node_class
from vqd.domain.errors import VqdError
from vqd.domain.finding import SET_NTP, Finding, clocks, command, ok, wrong

SILENCE_S = 4.0
"""How long a server may say nothing: one that computes may be slow to answer."""
_GIB = 1 << 30
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def examine_server(
    url: str,
    *,
    headers: Mapping[str, str],
    ca_file: Path | None,
    edit: str,
    learned: Callable[[Mapping[str, NodeClass]], None],
    now: Callable[[], float] = time.time,
) -> Iterator[Finding]:
    """Examine a server by asking it, and pass on to `learned` which node classes it has.

    `edit` is the command that opens the settings. Nothing is sent to its queue.
    """
    try:
        client = Client(url, timeout_s=SILENCE_S, headers=headers, ca_file=ca_file)
    except VqdError as error:
        yield wrong(error.code, str(error).removesuffix("."), edit)
        return
    try:
        yield ok("server_up", _described(client.facts()))
        yield from _clock(client, url, now)
        yield from _life(client, url)
        with client.object_info() as told:
            classes = {name: read_node_class(name, entry) for name, entry in told.entries()}
        learned(classes)
    except VqdError as error:
        yield wrong(error.code, str(error).removesuffix("."), *_cures(error, url, edit))
    finally:
        client.close()


def _described(facts: ServerFacts) -> str:
    vram = facts.vram_bytes
    parts = [f"ComfyUI {facts.version or 'of an unknown version'}"]
    if vram:
        parts.append(f"{vram / _GIB:.0f} GB of VRAM")
    return ", ".join(parts)


def _clock(client: Client, url: str, now: Callable[[], float]) -> Iterator[Finding]:
    """Compare clocks; a server that does not tell the time is not blamed."""
    there = client.time_there()
    if there is None:
        return
    yield clocks(there - now(), command(*_there(url), "sudo", *SET_NTP))


def _life(client: Client, url: str) -> Iterator[Finding]:
    if client.has_died_inside():
        said = "the thread that runs prompts died; it takes prompts and runs none"
        yield wrong("server_dead_inside", said, _restart(url))


def _cures(error: VqdError, url: str, edit: str) -> Iterator[str]:
    if isinstance(error, NotComfy):
        yield f"{_look(url)} | head -20  # what answers there"
        yield edit
    elif isinstance(error, Unreachable) and error.is_refused:
        yield _restart(url)
    else:
        yield _look(url)
        yield _restart(url)


def _look(url: str) -> str:
    return command("curl", "-sSi", "-m", 10, f"{url.rstrip('/')}/system_stats")


def _restart(url: str) -> str:
    why = "or start ComfyUI there by hand: python main.py --listen"
    return command(*_there(url), "sudo", "systemctl", "restart", "comfyui", why=why)


def _there(url: str) -> tuple[str, ...]:
    """Give how a command is carried out on a server's machine, which may be this one."""
    host = urlsplit(url).hostname or url
    return () if host in _HERE else ("ssh", host)
