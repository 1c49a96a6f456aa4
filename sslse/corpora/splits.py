"""Seeded splits: the same on every machine, whatever the order files are found in."""

from collections.abc import Iterable, Mapping

from sslse.seeds import derive_seed


def stable_order(keys: Iterable[str], seed: int) -> list[str]:
    """Shuffle keys by a hash (BLAKE2b) of the seed and the key.

    Any two keys keep their order whatever other keys come or go.
    """
    return sorted(keys, key=lambda key: (derive_seed(seed, key), key))


def part_size(total: int, share: float) -> int:
    """Return how many of ``total`` recordings a share means.

    That is the nearest number; but at least one and not all of them where there are two or more
    and the share is neither 0 nor 1.

    Args:
        total: number of recordings.
        share: in [0, 1].
    """
    nearest = round(total * share)
    if total < 2 or share in (0, 1):  # noqa: PLR2004 - two parts need two
        return nearest
    return min(max(nearest, 1), total - 1)


def held_out(group_of: Mapping[str, str], count: int, seed: int) -> frozenset[str]:
    """Choose ``count`` keys for the test part, never dividing a group (a speaker, say).

    Groups are taken in `stable_order` until the count is reached; one that would exceed it is
    passed over. Where the count cannot be met, the smallest group passed over is taken besides,
    so that the count is exceeded by as little as possible. Two groups or more are never all
    taken, unless ``count`` says so; a single one is left in the training part.

    Args:
        group_of: the group of every key; a key that stands alone is its own group.
        count: of keys wanted, 0 to all of them.
        seed: of the order.
    """
    members: dict[str, list[str]] = {}
    for key, group in group_of.items():
        members.setdefault(group, []).append(key)
    chosen: list[str] = []
    passed_over: list[str] = []
    for group in stable_order(members, seed):
        if len(chosen) + len(members[group]) <= count:
            chosen += members[group]
        else:
            passed_over.append(group)
    if len(chosen) < count and len(passed_over) > 1:
        chosen += members[min(passed_over, key=lambda group: len(members[group]))]
    return frozenset(chosen)
