"""Write the lists of which recordings train, develop and test in docs/results.md.

    python tools/make_segment_lists.py SPEECH NONSPEECH

Run once; the lists in docs/results/lists are committed, and stand whatever becomes of this tool. A
fifth of the speakers of SPEECH (segments of LibriSpeech, ``SPEAKER_...``) tests, chosen by a hash,
and of the noises of NONSPEECH (G. Hu's 100 sounds) those that the corpus ``nonspeech`` tests on. Of
what is left, a fifth of the speakers and a quarter of the noises test while settings are chosen:
nothing of the test part is in the development lists.
"""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sslse.api import Recording
from sslse.corpora.nonspeech import Nonspeech
from sslse.corpora.splits import stable_order

FOLDER = Path(__file__).parents[1] / "docs" / "results" / "lists"
SPEAKERS = 0.2
NOISES = 0.25
SEED = 0
# As published, n9 is a copy of n7 and n58 of n56: both of a pair are in the same part.
COPY_OF = {"n9": "n7", "n58": "n56"}


def chosen(groups: Iterable[str], share: float) -> frozenset[str]:
    """Choose a share of the groups (speakers, noises) by a hash."""
    order = stable_order(set(groups), SEED)
    return frozenset(order[: round(share * len(order))])


def speech_rows(files: Sequence[Path], test: frozenset[str]) -> list[dict[str, str]]:
    """Return a row for each utterance."""
    return [
        {"path": one.name, "split": _part(_speaker(one), test), "speaker": _speaker(one)}
        for one in files
    ]


def noise_rows(noises: Sequence[Recording], test: frozenset[str]) -> list[dict[str, str]]:
    """Return a row for each noise."""
    return [
        {"path": f"{one.key}.wav", "split": _part(one.key, test), "kind": one.kind}
        for one in noises
    ]


def write(name: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Write a list."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    test = sum(row["split"] == "test" for row in rows)
    print(f"{name}: {len(rows) - test} train, {test} test")


def main(speech: Path, nonspeech: Path) -> None:
    """Write all lists."""
    files = sorted(speech.glob("*.flac"))
    test = chosen(map(_speaker, files), SPEAKERS)
    write("speech.csv", speech_rows(files, test))
    files = [one for one in files if _speaker(one) not in test]
    write("speech_development.csv", speech_rows(files, chosen(map(_speaker, files), SPEAKERS)))

    noises = Nonspeech(root=str(nonspeech)).recordings()
    write("noise.csv", noise_rows(noises, frozenset(n.key for n in noises if n.part == "test")))
    noises = [one for one in noises if one.part == "train"]
    originals = chosen((COPY_OF.get(one.key, one.key) for one in noises), NOISES)
    test = frozenset(one.key for one in noises if COPY_OF.get(one.key, one.key) in originals)
    write("noise_development.csv", noise_rows(noises, test))


def _speaker(file: Path) -> str:
    return file.name.partition("_")[0]


def _part(group: str, test: frozenset[str]) -> str:
    return "test" if group in test else "train"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
