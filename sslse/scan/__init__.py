"""Look through a folder of audio files before training on it."""

from sslse.scan.listing import Split, place_below, refuse_target, write_manifest
from sslse.scan.measure import Facts
from sslse.scan.survey import Survey, find, scan, shares

__all__ = [
    "Facts",
    "Split",
    "Survey",
    "find",
    "place_below",
    "refuse_target",
    "scan",
    "shares",
    "write_manifest",
]
