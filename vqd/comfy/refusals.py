"""Why a server refused a graph, in words."""

import re
from collections.abc import Iterator, Mapping

from vqd.comfy.messages import Json, list_in, object_in, text_in
from vqd.domain.frozen import frozen
from vqd.domain.requirement import names_model

_MOST_SENTENCES = 6
_LONGEST_CHOICES = 200


@frozen
class Refusal:
    """Why a graph is not taken: a sentence for people, the first node that was named, and the
    input files that the server has not. `is_unavailable` tells that it wants for models or node
    classes alone, or for those of which the server cannot say what they take."""

    said: str
    node: str | None
    lacking: frozenset[str] = frozenset()
    is_unavailable: bool = False


def refusal(document: Json) -> Refusal | None:
    """Read the answer to POST /prompt; None if it took the whole graph.

    An answer of 200 with `node_errors` is a refusal too: the server would drop those branches and
    call the rest a success (ComfyUI 0.3.64, execution.py, validate_prompt).
    """
    node_errors = object_in(document, "node_errors")
    sentences = list(dict.fromkeys(_sentences(node_errors)))
    if sentences:
        return Refusal(
            _joined(sentences),
            next(iter(node_errors)),
            _lacking(node_errors),
            is_unavailable=all(map(_is_of_server, _faults(node_errors))),
        )
    if node_errors:
        return Refusal(f"node {', '.join(node_errors)} did not validate", next(iter(node_errors)))
    headline = document.get("error") if isinstance(document, dict) else None
    if headline is None:
        return None
    said = _headline(headline)
    return Refusal(said, _node_of(headline), is_unavailable=_lacks_class(headline, said))


def _lacking(node_errors: Mapping[str, Json]) -> frozenset[str]:
    """Read the names of files out of what the nodes that load one say of them.

    As nodes.py and comfy_extras word it from 0.3.64 to 0.33.0: `image - Invalid image file: a.png`.
    """
    told = (
        _NO_FILE.search(text_in(fault, "details"))
        for fault in _faults(node_errors)
        if text_in(fault, "type") == "custom_validation_failed"
    )
    return frozenset(found[1] for found in told if found)


def _is_of_server(fault: Json) -> bool:
    """Tell whether the server lacks something, and the graph may be right.

    A node class that cannot list its choices, as where the input folder is gone, raises so
    (0.3.64, execution.py and nodes.py).
    """
    extra = object_in(fault, "extra_info")
    if text_in(fault, "type") == "value_not_in_list":
        return names_model(extra.get("received_value"))
    return any("in INPUT_TYPES" in str(line) for line in list_in(extra, "traceback"))


def _faults(node_errors: Mapping[str, Json]) -> Iterator[Json]:
    for faults in node_errors.values():
        yield from list_in(faults, "errors")


_NO_CLASS = re.compile(r"Cannot execute because node .+ does not exist")
_NO_FILE = re.compile(r"Invalid (?:image|video|audio|latent|3D model) file: (.+)", re.DOTALL)


def _sentences(node_errors: Mapping[str, Json]) -> Iterator[str]:
    for node, faults in node_errors.items():
        class_type = text_in(faults, "class_type") or f"node {node}"
        for fault in list_in(faults, "errors"):
            yield _sentence(class_type, fault)


def _sentence(class_type: str, fault: Json) -> str:
    extra = object_in(fault, "extra_info")
    details = text_in(fault, "details")
    name = text_in(extra, "input_name")
    place = f"{class_type}.{name}" if name else class_type
    received = extra.get("received_value")
    match text_in(fault, "type"):
        case "value_bigger_than_max":
            return f"{place}: {received} is above {_bound(extra, 'max')}"
        case "value_smaller_than_min":
            return f"{place}: {received} is below {_bound(extra, 'min')}"
        case "value_not_in_list":
            return f"{place}: {received!r} is not on the server{_choices(extra)}"
        case "required_input_missing":
            return f"{class_type}.{name or details} is missing"
        case "custom_validation_failed":
            return f"{class_type}: {details}"
    return f"{place}: {': '.join(filter(None, (text_in(fault, 'message'), details)))}"


def _bound(extra: Mapping[str, Json], name: str) -> str:
    match extra.get("input_config"):
        case [_, dict(limits), *_] if name in limits:
            return str(limits[name])
    return f"the {name}imum"


def _choices(extra: Mapping[str, Json]) -> str:
    """Say what may be chosen, where the server told it and it is short."""
    match extra.get("input_config"):
        case [[], *_]:
            return ", which has none to choose from"
        case [[*choices], *_]:
            listed = ", ".join(map(str, choices))
            return f" (it has {listed})" if len(listed) <= _LONGEST_CHOICES else ""
    return ""


def _lacks_class(headline: Json, said: str) -> bool:
    """Tell whether the server has not a node class: newer ones say so by a type of its own, which
    they also give to a node that names no class (0.33.0, execution.py, validate_prompt)."""
    class_type = text_in(object_in(headline, "extra_info"), "class_type")
    is_missing = text_in(headline, "type") == "missing_node_type" and class_type
    return bool(is_missing) or _NO_CLASS.match(said) is not None


def _headline(headline: Json) -> str:
    if isinstance(headline, str):
        return headline
    said = [text_in(headline, "message"), text_in(headline, "details")]
    return ": ".join(part.strip(". \n") for part in said if part) or "no reason was given"


def _node_of(headline: Json) -> str | None:
    return text_in(object_in(headline, "extra_info"), "node_id") or None


def _joined(sentences: list[str]) -> str:
    more = len(sentences) - _MOST_SENTENCES
    shown = "; ".join(sentences[:_MOST_SENTENCES])
    return f"{shown}; and {more} more" if more > 0 else shown
