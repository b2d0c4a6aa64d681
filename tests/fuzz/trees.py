"""JSON changed node by node."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.fuzz.mutation import DEEP, NUMBERS, TEXTS, Mutation, any_bytes


def json_of(words: str, *phrases: str) -> Mutation:
    """Change JSON node by node; the words, which spaces part, and the phrases are keys and values
    that mean something in it."""
    known = (*TEXTS, *words.split(), *phrases)

    def change(chance: Random, data: bytes) -> bytes:
        try:
            told = json.loads(data)
            told = _tree_changed(chance, told, known, told)
            text = json.dumps(told, ensure_ascii=chance.random() < 0.9)
            return text.encode(errors="surrogatepass")
        except (ValueError, RecursionError):
            return any_bytes(chance, data)

    def change_or_break(chance: Random, data: bytes) -> bytes:
        return (any_bytes if chance.random() < 0.1 else change)(chance, data)

    return change_or_break


def _tree_changed(chance: Random, node: Any, known: Sequence[str], root: Any) -> Any:
    """Change a node or one below it."""
    if isinstance(node, dict | list) and node and chance.random() < 0.85:
        key: Any = chance.choice([*node]) if isinstance(node, dict) else chance.randrange(len(node))
        changed: Any = node.copy()
        if chance.random() < 0.7:
            changed[key] = _tree_changed(chance, node[key], known, root)
        else:
            _members_changed(chance, changed, key, known)
        return changed
    match chance.randrange(7):
        case 0:
            return _somewhere(chance, root)
        case 1:
            return _wrapped(chance, node)
        case 2:
            return chance.choice(NUMBERS)
        case 3:
            return chance.choice((None, True, False, [], {}, float("nan"), float("inf"), 1e300))
        case 4:
            return 10 ** chance.choice((18, 19, 25, 400))
        case _:
            return chance.choice(known)


def _members_changed(chance: Random, holder: Any, key: Any, known: Sequence[str]) -> None:
    match chance.randrange(3):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[chance.choice(known)] = holder[key]
        case 1:
            holder.insert(key, holder[key])
        case _ if isinstance(holder, dict):
            holder[chance.choice(known)] = holder.pop(key)
        case _:
            holder[key:key] = [holder[key]] * chance.choice((3, 300))


def _somewhere(chance: Random, node: Any) -> Any:
    while isinstance(node, dict | list) and node and chance.random() < 0.8:
        node = chance.choice([*node.values()] if isinstance(node, dict) else node)
    return node


def _wrapped(chance: Random, node: Any) -> Any:
    for _ in range(chance.choice((1, *DEEP[:3]))):
        node = chance.choice(([node], {"a": node}))
    return node
