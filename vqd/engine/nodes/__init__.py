"""The built-in engine's nodes, by class. PyAV is imported by those of clips and sounds as they run:
an engine starts without it."""

from collections.abc import Mapping

from vqd.engine.nodes.audio import AUDIO
from vqd.engine.nodes.clips import CLIPS
from vqd.engine.nodes.joins import JOINS
from vqd.engine.nodes.latents import LATENTS
from vqd.engine.nodes.pictures import PICTURES
from vqd.engine.nodes.plain import PLAIN
from vqd.engine.nodes.signature import NodeClass
from vqd.engine.nodes.transforms import TRANSFORMS

NODES: Mapping[str, NodeClass] = {
    node.name: node for node in (*PICTURES, *TRANSFORMS, *JOINS, *CLIPS, *AUDIO, *LATENTS, *PLAIN)
}
