"""Whether the built-in engine can be started, and which node classes it then has."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from vqd.domain.catalogue import NodeClass, read_node_class
from vqd.domain.finding import Finding, command, ok, wrong
from vqd.engine.about import COMFYUI_VERSION
from vqd.engine.nodes.signature import Folders


def examine_engine(learned: Callable[[Mapping[str, NodeClass]], None]) -> Iterator[Finding]:
    """Load the engine's nodes, whose libraries may be broken, and pass their classes on."""
    try:
        from vqd.engine.nodes import NODES
    except ImportError as error:
        mend = command("pip", "install", "--force-reinstall", "pillow", "av", "numpy")
        yield wrong("engine_broken", f"the built-in engine cannot be loaded: {error}", mend)
        return
    with TemporaryDirectory(prefix="vqd-") as empty:
        folders = Folders(Path(empty), Path(empty), Path(empty))
        learned({name: read_node_class(name, node.info(folders)) for name, node in NODES.items()})
    said = f"vqd's own engine, which starts with the daemon and speaks as ComfyUI {COMFYUI_VERSION}"
    yield ok("server_up", said)
