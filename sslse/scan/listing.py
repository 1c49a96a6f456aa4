"""Write what a scan found usable as a manifest, split without dividing a speaker."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sslse.corpora.manifest_rows import ENDINGS
from sslse.corpora.paths import key_of, some
from sslse.corpora.splits import held_out, part_size
from sslse.errors import DataError


@dataclass(frozen=True)
class Split:
    """How recordings become a training and a test part.

    Args:
        test_share: wanted share of the test part, 0 to 1.
        speaker: regular expression searched in the relative path; its first group, or the whole
            match, is the speaker, whom the split never divides.
        seed: of the choice.

    Raises:
        DataError: the pattern is no regular expression.
    """

    test_share: float = 0.1
    speaker: str | None = None
    seed: int = 0

    def speakers(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the speaker of every key; empty without a pattern.

        Raises:
            DataError: the pattern is wrong, or finds no speaker in a key.
        """
        if self.speaker is None:
            return {}
        try:
            pattern = re.compile(self.speaker)
        except (re.error, OverflowError, RecursionError) as error:
            raise DataError(
                f"--speaker: {self.speaker!r} is not a regular expression: {error}"
            ) from error
        found = {key: pattern.search(key) for key in keys}
        speaker_of = {
            key: (match[1] or "" if pattern.groups else match[0]) if match else ""
            for key, match in found.items()
        }
        if unknown := [key for key, speaker in speaker_of.items() if not speaker]:
            raise DataError(
                f"--speaker: {self.speaker!r} finds no speaker in {len(unknown)} of {len(keys)} "
                f"paths: {some(unknown)}"
            )
        return speaker_of

    def test_part(self, keys: Sequence[str], speaker_of: Mapping[str, str]) -> frozenset[str]:
        """Choose the keys of the test part."""
        group_of = {key: speaker_of.get(key, key) for key in keys}
        return held_out(group_of, part_size(len(keys), self.test_share), self.seed)


def refuse_target(file: Path) -> None:
    """Refuse a file that could not be written in the end, before the work.

    Raises:
        DataError: it exists, its folder does not, or its ending is none of a manifest.
    """
    if file.suffix.lower() not in ENDINGS:
        raise DataError(f"{file}: a manifest ends in {' or '.join(ENDINGS)}")
    if file.exists():
        raise DataError(f"{file}: exists and is not overwritten; choose another name")
    if not file.parent.is_dir():
        raise DataError(f"{file}: there is no folder {file.parent}")


def place_below(folder: Path, file: Path) -> Path | None:
    """Return a folder's path relative to a file's own folder, or None where it is not below."""
    above = file.parent.resolve()
    resolved = folder.resolve()
    return resolved.relative_to(above) if resolved.is_relative_to(above) else None


def write_manifest(file: Path, folder: Path, keys: Sequence[str], split: Split) -> tuple[int, int]:
    """Write a manifest, which `sslse.corpora.manifest.Manifest` reads.

    Paths are relative to the manifest's own folder where the audio lies below it (`place_below`),
    else to the folder, which the corpus then takes as ``root``.

    Args:
        file: to write; .csv or .jsonl.
        folder: what the keys are relative to.
        keys: of the recordings to list.
        split: into parts.

    Returns:
        Number of recordings in the training and in the test part.

    Raises:
        DataError: there is nothing to list, the file exists, or a key has no speaker.
    """
    if not keys:
        raise DataError(f"{folder}: no usable recording; {file} is not written")
    refuse_target(file)
    speaker_of = split.speakers(keys)
    test = split.test_part(keys, speaker_of)
    above = key_of(str(place_below(folder, file) or Path()), file.parent)
    rows = [
        {
            "path": Path(above, key).as_posix(),
            "split": "test" if key in test else "train",
            "speaker": speaker_of.get(key, ""),
        }
        for key in keys
    ]
    text = io.StringIO(newline="")
    if file.suffix.lower() == ".csv":
        writer = csv.DictWriter(text, ["path", "split", "speaker"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        text.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    with file.open("x", encoding="utf-8", newline="") as opened:
        opened.write(text.getvalue())
    return len(keys) - len(test), len(test)
