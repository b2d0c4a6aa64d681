"""Lists between nodes: a node is run once for each of their values.

Every output is a list of values, most of them of one. A node is run for each place of its longest
input; a shorter one stays at its last value. A class with `takes_lists` is run once, with the
whole lists; outputs with `gives_lists` are lists already, which are joined. Source: ComfyUI 0.3.64,
execution.py `_async_map_node_over_list` and `merge_result_data`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vqd.engine.nodes.signature import NodeClass, Shown


def turns(
    node_class: NodeClass, inputs: Mapping[str, Sequence[Any]]
) -> Iterator[Mapping[str, Any]]:
    """Give the inputs of each time that a node is to be run."""
    if node_class.takes_lists:
        yield inputs
        return
    most = max((len(values) for values in inputs.values()), default=1)
    for turn in range(most):
        yield {name: values[min(turn, len(values) - 1)] for name, values in inputs.items()}


def joined(node_class: NodeClass, given: Sequence[Sequence[Any] | Shown]) -> Shown:
    """Give what a node made over all its turns: a list for each output, and what is told."""
    shown = [one if isinstance(one, Shown) else Shown(None, one) for one in given]
    slots = zip(*(one.values for one in shown), strict=True)
    if node_class.gives_lists:
        values = [[value for values in slot for value in values] for slot in slots]
    else:
        values = [list(slot) for slot in slots]
    told = [one.ui for one in shown if one.ui is not None]
    if not told:
        return Shown(None, values)
    return Shown({key: [entry for ui in told for entry in ui[key]] for key in told[0]}, values)
