"""VoiceBank-DEMAND: speech, and the noise that was added to it."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from sslse.api import Corpus, OptionError, Recording, Samples
from sslse.audio import AUDIO_ENDINGS, read_audio
from sslse.corpora.paths import some, user_path
from sslse.errors import DataError

_UTTERANCE = re.compile(r"(p\d+)_\d+.*", re.IGNORECASE)
_LOG_FIELDS = 3
_Wave = Literal["clean", "noisy"]
_Set = Literal["trainset", "testset"]


class VoicebankDemand(Corpus):
    """Read VoiceBank-DEMAND (Valentini-Botinhao 2017, doi:10.7488/ds/2117), 48 kHz.

    Below ``root`` lie the flat folders ``clean_trainset_28spk_wav``, ``noisy_trainset_28spk_wav``,
    ``clean_testset_wav`` and ``noisy_testset_wav``; ``clean_trainset_wav`` and an appended
    ``_16k`` are accepted as well. The noise of a pair is noisy minus clean, sample by sample
    (Défossez et al. 2020, arXiv:2006.12847, remix it so), and a run mixes it with other speech at
    its own SNRs: scores on these mixtures are not those on the data set's own noisy test files.

    No speaker is in two of the sets: 28 (or 56 others) for training, p232 and p257 for testing.
    The data set has no validation set; p226 and p287 are usually taken out of the training set
    for one (as for MetricGAN-U, Fu et al. 2021, arXiv:2110.05866), 770 of its 11572 utterances.
    Here they are never trained on, so that the model chosen by their score is the one that is
    tested. The five test noises are not among the ten trained on; the validation speakers' are.

    Where ``log_trainset_28spk.txt`` or ``log_testset.txt`` lies in ``root`` or in ``logfiles``
    below it, it gives the kind of noise. Keys are ``trainset/p226_001``.

    Args:
        root: the folder that holds the folders.
        content: ``speech``: the clean utterances; ``noise``: noisy minus clean.
        held_out: what the test part is: the ``test`` set, or the ``validation`` speakers of the
            training set.
        speakers: which training set, by its number of speakers. That of 56 has none of the usual
            validation speakers.
        validation_speakers: left out of the training part whatever is held out; [] trains on all.
    """

    def __init__(
        self,
        *,
        root: str,
        content: Literal["speech", "noise"],
        held_out: Literal["test", "validation"] = "test",
        speakers: Literal[28, 56] = 28,
        validation_speakers: tuple[str, ...] = ("p226", "p287"),
    ) -> None:
        if held_out == "validation" and not validation_speakers:
            raise OptionError(
                "names no speaker; held_out: validation needs one", "validation_speakers"
            )
        self._root = user_path(root, "root")
        self._content = content
        self._held_out = held_out
        self._speakers = speakers
        self._validation = {one.lower() for one in validation_speakers}

    def recordings(self) -> Sequence[Recording]:
        """List all recordings by key; opens no audio file.

        Raises:
            DataError: a folder is missing or empty, a name is none of the data set's, a noisy or
                clean file is without the other, a log is malformed, or no validation speaker is
                in the training set.
        """
        trained = self._of("trainset")
        held_out = {one.key for one in trained if _speaker(one.key) in self._validation}
        if self._held_out == "test":
            return [*self._of("testset"), *(one for one in trained if one.key not in held_out)]
        if not held_out:
            possible = sorted({_speaker(one.key) for one in trained})
            raise DataError(
                f"{self._root}: no recording of a validation speaker "
                f"({', '.join(sorted(self._validation))}) in the training set; possible: "
                f"{some(possible)}"
            )
        return [replace(one, part="test") if one.key in held_out else one for one in trained]

    def read(self, recording: Recording) -> tuple[Samples, int]:
        """Return mono samples (float32) and their rate in Hz.

        Raises:
            DataError: a file is unreadable, or clean and noisy differ in length or rate.
        """
        samples, rate = super().read(recording)
        if self._content == "speech" or recording.source is None:
            return samples, rate
        name: _Set = "testset" if recording.key.startswith("testset/") else "trainset"
        clean_file = self._folder(name, "clean") / recording.source.name
        clean, clean_rate = read_audio(clean_file)
        if (len(clean), clean_rate) != (len(samples), rate):
            raise DataError(
                f"{recording.source}: {len(samples)} samples at {rate} Hz, but {clean_file} has "
                f"{len(clean)} at {clean_rate} Hz; the two of a pair must be equally long"
            )
        return samples - clean, rate

    @property
    def version(self) -> str:
        """What is read; of noise also the state of the clean files, which are no sources."""
        if self._content == "speech":
            return "speech"
        digest = hashlib.blake2b(digest_size=16)
        sets: list[_Set] = ["trainset", "testset"] if self._held_out == "test" else ["trainset"]
        for one in sets:
            for clean in self._files(one, "clean"):
                status = clean.stat()
                state = f"\0{status.st_size}\0{status.st_mtime_ns}\0"
                digest.update(os.fsencode(clean) + state.encode())
        return f"noise {digest.hexdigest()}"

    def _of(self, name: _Set) -> list[Recording]:
        """List a set of the data set; its training set as training part."""
        speech = self._content == "speech"
        files = self._files(name, "clean" if speech else "noisy")
        if not speech:
            self._refuse_single(name, files)
        kinds = {} if speech else self._kinds(name)
        return [
            Recording(
                f"{name}/{source.stem}",
                source,
                "test" if name == "testset" else "train",
                speaker=_speaker(source.stem) if speech else "",
                kind=kinds.get(source.stem, ""),
            )
            for source in files
        ]

    def _refuse_single(self, name: _Set, noisy: Sequence[Path]) -> None:
        """Refuse a file whose other half is missing."""
        halves = {path.name for path in noisy} ^ {path.name for path in self._files(name, "clean")}
        if halves:
            raise DataError(
                f"{self._root}: clean or noisy file missing in the {name}: {some(sorted(halves))}"
            )

    def _files(self, name: _Set, wave: _Wave) -> list[Path]:
        """Return the audio files of a folder in the order of their names, hidden ones excepted."""
        folder = self._folder(name, wave)
        files = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in AUDIO_ENDINGS and not path.name.startswith(".")
        )
        if not files:
            raise DataError(f"{folder}: no audio file in it; looked for p226_001.wav and its like")
        if foreign := [path.name for path in files if not _UTTERANCE.fullmatch(path.stem)]:
            raise DataError(
                f"{folder}: not named like an utterance of the data set (p226_001.wav): "
                f"{some(foreign)}"
            )
        return files

    def _folder(self, name: _Set, wave: _Wave) -> Path:
        if not self._root.is_dir():
            raise DataError(f"{self._root}: no such folder")
        middles = ["testset"]
        if name == "trainset":
            counted = f"trainset_{self._speakers}spk"
            middles = [counted, "trainset"] if self._speakers == 28 else [counted]  # noqa: PLR2004 - the usual set
        named = [f"{wave}_{one}_wav{end}" for one in middles for end in ("", "_16k")]
        for one in named:
            if (self._root / one).is_dir():
                return self._root / one
        raise DataError(f"{self._root}: no folder {named[0]}; looked for {', '.join(named)}")

    def _kinds(self, name: _Set) -> dict[str, str]:
        """Return the kind of noise of every utterance the set's log lists; empty without a log."""
        spelled = name if name == "testset" else f"trainset_{self._speakers}spk"
        for folder in (self._root, self._root / "logfiles"):
            log = folder / f"log_{spelled}.txt"
            if log.is_file():
                return _read_log(log)
        return {}


def _read_log(log: Path) -> dict[str, str]:
    kinds = {}
    for number, line in enumerate(log.read_text("utf-8", "replace").splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != _LOG_FIELDS:
            raise DataError(
                f"{log}:{number}: {line!r} is not an utterance, a noise and an SNR; without the "
                "file the kinds of noise stay unknown"
            )
        kinds[fields[0]] = fields[1]
    return kinds


def _speaker(key: str) -> str:
    match = _UTTERANCE.fullmatch(key.rpartition("/")[2])
    return match[1].lower() if match else ""
