"""Write the lists of which recordings train, develop and test in the experiments of docs/results.md.

    python tools/make_segment_lists.py SPEECH NONSPEECH

Run once; the lists are committed, and stand whatever becomes of this tool. A fifth of the speakers
of SPEECH (LibriSpeech segments, ``SPEAKER_...``) tests, chosen by a hash. Of what is left, a fifth of
the speakers and a quarter of the training noises of NONSPEECH (G. Hu's 100 sounds) test while
settings are chosen; nothing of the test part is in the development lists.
"""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sslse.corpora.nonspeech import Nonspeech
from sslse.corpora.splits import stable_order

FOLDER = Path(__file__).parents[1] / "recipes" / "data" / "segments"
TEST_SHARE = 0.2
NOISE_SHARE = 0.25
SEED = 0


def chosen(groups: Iterable[str], share: float) -> frozenset[str]:
    """Choose a share of the groups (speakers, noises) by a hash."""
    order = stable_order(sorted(set(groups)), SEED)
    return frozenset(order[: round(share * len(order))])


def rows(group_of: Mapping[str, str], test: frozenset[str], column: str) -> list[dict[str, str]]:
    """Return a row for each recording."""
    return [
        {"path": path, "split": "test" if group in test else "train", column: group}
        for path, group in group_of.items()
    ]


def write(name: str, lines: Sequence[Mapping[str, str]]) -> None:
    """Write a list."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    test = sum(line["split"] == "test" for line in lines)
    print(f"{name}: {len(lines) - test} train, {test} test")


def main(speech: Path, nonspeech: Path) -> None:
    """Write all lists."""
    speaker_of = {path.name: path.name.split("_")[0] for path in sorted(speech.glob("*.flac"))}
    test = chosen(speaker_of.values(), TEST_SHARE)
    write("speech.csv", rows(speaker_of, test, "speaker"))
    speaker_of = {path: speaker for path, speaker in speaker_of.items() if speaker not in test}
    held_back = chosen(speaker_of.values(), TEST_SHARE)
    write("speech_development.csv", rows(speaker_of, held_back, "speaker"))
    noises = [one for one in Nonspeech(root=str(nonspeech)).recordings() if one.part == "train"]
    # n9 and n58 are copies of n7 and n56: both of a pair are in the same part.
    copy_of = {"n9": "n7", "n58": "n56"}
    held_back = chosen((copy_of.get(one.key, one.key) for one in noises), NOISE_SHARE)
    lines = [
        {
            "path": one.source.name if one.source else one.key,
            "split": "test" if copy_of.get(one.key, one.key) in held_back else "train",
            "kind": one.kind or "",
        }
        for one in noises
    ]
    write("noise_development.csv", lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
