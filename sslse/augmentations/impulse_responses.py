"""Impulse responses of a folder of audio files."""

from pathlib import Path

import torch
from torch import Tensor

from sslse.audio import read_audio, resample
from sslse.corpora.paths import audio_below, file_of, some
from sslse.errors import DataError, OptionError

_OPTION = "impulse_responses"


def read_impulse_responses(folder: Path, sample_rate: int) -> list[Tensor]:
    """Read every audio file below a folder, from its direct path on.

    The direct path is the sample of the greatest magnitude; what is before it is cut off, and all
    is divided by it, so that it has lag 0 and gain 1.

    Args:
        folder: hidden files in it are left out.
        sample_rate: wanted, in Hz; responses of other rates are resampled.

    Returns:
        float32 (samples,) each, in the order of their paths.

    Raises:
        OptionError: the folder is missing or holds no audio, or files are unreadable or silent;
            all of them are counted, five named.
    """
    if not folder.is_dir():
        raise OptionError(f"{folder}: no such folder", _OPTION)
    try:
        keys = sorted(audio_below(folder, folder))
    except DataError as error:
        raise OptionError(str(error), _OPTION) from error
    responses: list[Tensor] = []
    faults: list[str] = []
    for key in keys:
        path = file_of(folder, key)
        try:
            samples = resample(*read_audio(path), sample_rate)
        except DataError as error:
            faults.append(f"{path}: {str(error).removeprefix(f'{path}: ')}")
            continue
        if not samples.any():
            faults.append(f"{path}: is silent")
            continue
        responses.append(_from_direct_path(torch.from_numpy(samples)))
    if faults:
        raise OptionError(f"{len(faults)} of {len(keys)} files: {some(faults)}", _OPTION)
    return responses


def _from_direct_path(response: Tensor) -> Tensor:
    direct = int(response.abs().argmax())
    return response[direct:] / response[direct]
