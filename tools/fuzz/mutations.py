"""Damage bytes, texts and trees of plain values at random."""

import copy
import random
import struct
from typing import Any

HEADER_BYTES = 64
_NUMBERS = (0, 1, 2, 3, 255, 256, 1023, 1024, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_FORMATS = ("<B", "<H", ">H", "<I", ">I", "<Q", ">Q")
ODD_TEXTS = (
    *("", " ", "\t", "\n", "~", "null", "no", "yes", "0x10", "1_000", "010", "1e999", "-0", ".inf"),
    *(".nan", "1e-400", "9" * 290, "9" * 400, "-1", "1.5", "{}", "[]", "{", "]", "&a [*a]", "*a"),
    *("!!python/object/apply:os.system [true]", "!own x", "<<: {a: 1}", "${HOME}", "${", "${A:-}"),
    *("${NOT_SET_ANYWHERE}", "../x", "/etc/passwd", "/dev/zero", "~nobody-here/x", "a" * 5000),
    *("é", "\u202e", "\U0001f600", "\ufeff", "\u0000", "\x1b[2J", "\ud800", '"\\0"', '"\\uD800"'),
    *(
        '"\\UFFFFFFFF"',
        "%YAML 9.9",
        "---",
        "...",
        "? x",
        "- - -",
        "a: b: c",
        "((((",
        "(a{2,1}",
        "|",
    ),
    *("a{99999999999}", "(" * 3000 + ")" * 3000, "byol", "os:system", "evil.py", "quickstart"),
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 10**6, 10**12, 2**63, 10**30, 0.5, -0.0, 1e-300, 1e300),
    *([], {}, [[]], {"name": None}, [None], {"": 1}, [1, "a", None, {}], [0] * 50),
)


def damage_bytes(draw: random.Random, content: bytes) -> bytes:
    """Change one to eight places, half of them in the header."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        place = draw.randrange(len(changed)) if changed else 0
        if draw.random() < 0.5:
            place = min(place, draw.randrange(HEADER_BYTES))
        end = place + draw.choice((1, 2, 4, 8, 64, 512))
        match draw.randrange(8):
            case 0:
                changed[place:end] = draw.randbytes(1)
            case 1 | 2 | 3:
                form = draw.choice(_FORMATS)
                size = struct.calcsize(form)
                number = draw.choice(_NUMBERS) % 256**size
                changed[place : place + size] = struct.pack(form, number)
            case 4:
                del changed[place:end]
            case 5:
                changed[place:place] = changed[place:end] * draw.randint(1, 20)
            case 6:
                changed[place:end] = draw.randbytes(min(end - place, 16))
            case 7 if draw.random() < 0.3:
                del changed[place:]
            case _ if place < len(changed):
                changed[place] ^= 1 << draw.randrange(8)
    return bytes(changed)


def damage_text(draw: random.Random, text: str) -> str:
    """Change one to four lines: drop, repeat, swap, indent, or put odd text in."""
    lines = text.split("\n")
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        place = draw.randrange(len(lines))
        line = lines[place]
        match draw.randrange(8):
            case 0 if len(lines) > 1:
                del lines[place]
            case 1:
                lines.insert(place, draw.choice(lines))
            case 2:
                lines[place] = " " * draw.randrange(9) + line.strip()
            case 3:
                lines[place] = f"{line.partition(':')[0]}: {draw.choice(ODD_TEXTS)}"
            case 4:
                lines.insert(place, draw.choice(ODD_TEXTS))
            case 5:
                at = draw.randrange(len(line) + 1)
                lines[place] = line[:at] + draw.choice(ODD_TEXTS) + line[at + draw.randrange(3) :]
            case 6:
                at = draw.randrange(len(line) + 1)
                lines[place] = (
                    line[:at] + chr(draw.choice((draw.randrange(256), 0x2028))) + line[at:]
                )
            case _:
                other = draw.randrange(len(lines))
                lines[place], lines[other] = lines[other], lines[place]
    return "\n".join(lines)


def damage_tree(draw: random.Random, tree: Any) -> Any:
    """Change one to four entries: another value, another type, dropped, renamed, nested."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        places = list(_places(tree))
        if not places:
            break
        holder, key = draw.choice(places)
        match draw.randrange(7):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[
                    draw.choice((str(key) + "x", str(key)[:-1], "name", "extends", *ODD_TEXTS))
                ] = holder.pop(key)
            case 2:
                holder[key] = [holder[key]]
            case 3:
                for _ in range(draw.choice((1, 3, 40))):
                    holder[key] = {draw.choice(("name", "a")): holder[key]}
            case 4:
                holder[key] = draw.choice(ODD_TEXTS)
            case 5 if isinstance(holder[key], int | float):
                holder[key] = holder[key] * draw.choice((-1, 0, 2, 3, 0.5, 1000, 10**9))
            case _:
                holder[key] = copy.deepcopy(draw.choice(ODD_VALUES))
    return tree


def _places(tree: Any) -> Any:
    """Yield every entry of a tree as its holder and key."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from _places(tree[key])
