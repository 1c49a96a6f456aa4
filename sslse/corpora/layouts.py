"""Where well-known corpora name the speaker of a recording."""

import re
from collections.abc import Iterable

# The first group of each is the speaker; a layout is recognised where it fits every path.
LAYOUTS = {
    "LibriSpeech": r"(?:^|/)([0-9]+)-[0-9]+-[0-9]{4}(?![0-9])[^/]*$",
    "TIMIT": r"(?i)(?:^|/)([FM][A-Z]{3}[0-9])/S[AIX][0-9]+[.][^/]+$",
    "VCTK": r"(?i)(?:^|/)([ps][0-9]{1,4})_[0-9]+[^/]*$",
    "DNS": r"reader_([0-9]+)[^/]*$",
}


def guess_layout(keys: Iterable[str]) -> str | None:
    """Return the name of the corpus whose layout all paths have; None where there is none."""
    known = list(keys)
    for name, pattern in LAYOUTS.items():
        if known and all(re.search(pattern, key) for key in known):
            return name
    return None
