"""Changes to inputs that keep most of their form, so that more than the first check is reached.

Each takes a source of chance and bytes, and gives other bytes. What has lost its form already is
changed as plain bytes.
"""

import struct
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes], bytes]

LONGEST_BYTES = 64 << 10
"""Inputs do not grow beyond it: what is too long has tests of its own."""

NUMBERS = (0, 1, -1, 2, 7, 127, 128, 255, 256, 0x7FFF, 0xFFFF, 1 << 31, (1 << 32) - 1, 1 << 53)
_WORDS = """
-0 -1 0.5 1e400 -1e400 nan .inf 0x10 1_0 1:1 010 ٣ ² ½ true no null ~ [] {} '' , : # ! & *
/ .. ../x /etc/passwd C:\\x \\\\nas\\x a/../b .hidden con a: {a} {b} {{ }} { [1] %s %n
1-10 1-10:0 10-1 1-999999999 9x9 0x0 999999x999999 30s 0s 999999999d 9G 2026-02-30
0001-01-01 0001-01-01T00:00:00+14:00 9999-12-31T23:59:59-14:00 24:00 2026-12-01T22:00
"""
TEXTS = (
    *_WORDS.split(),
    "",
    " ",
    "\n",
    "\t",
    "\0",
    "\x85",
    "\u2028",
    "\u202e",
    "\ufeff",
    "e\u0301",
    "\ud83d\ude00",
    "\udcff",
    "\U0001f3ac",
    "9" * 25,
    "9" * 5000,
    "0" * 25 + "9" * 25,
    "x" * 300,
)
DEEP = (3, 30, 70, 1200)


def any_bytes(chance: Random, data: bytes) -> bytes:
    """Change bytes: turn bits, cut, repeat, put numbers in."""
    held = bytearray(data)
    at = chance.randrange(len(held) + 1)
    match chance.randrange(6):
        case 0 if at < len(held):
            held[at] ^= 1 << chance.randrange(8)
        case 1 if at < len(held):
            held[at] = chance.randrange(256)
        case 2:
            del held[at : at + _length(chance)]
        case 3:
            held[at:at] = held[at : at + _length(chance)] * chance.choice((1, 2, 50))
        case 4:
            number = struct.pack(
                chance.choice(("<Q", ">Q")), chance.choice(NUMBERS) & (1 << 64) - 1
            )
            width = chance.choice((1, 2, 4, 8))
            held[at : at + width] = number[:width]
        case _:
            held[at:at] = chance.randbytes(_length(chance))
    return bytes(held)


def _length(chance: Random) -> int:
    return chance.choice((1, 2, 4, 16, 200))


def parts_of(separator: bytes, *mutations: Mutation) -> Mutation:
    """Change one of several inputs that stand behind one another, each in its own way."""

    def change(chance: Random, data: bytes) -> bytes:
        parts = data.split(separator)
        at = chance.randrange(len(parts))
        parts[at] = mutations[min(at, len(mutations) - 1)](chance, parts[at])
        return separator.join(parts)

    return change


def either(*mutations: Mutation) -> Mutation:
    """Change an input in one way or another."""
    return lambda chance, data: chance.choice(mutations)(chance, data)
