"""What one should know of a packed corpus before trusting numbers made with it."""

from sslse.corpora.layouts import LAYOUTS, guess_layout
from sslse.corpora.paths import some
from sslse.data.store import Store

OFFSET_SHARE = 0.1  # of the power: signal-to-noise ratios are half a decibel off
SILENT_SHARE = 0.1  # of the duration


def sound_notes(store: Store) -> list[str]:
    """Say what of a corpus's sound makes other mixtures than one would think."""
    lines = []
    if store.silent_share > SILENT_SHARE:
        lines.append(
            f"{store.silent_share:.0%} of its duration is digital silence; crops are taken where "
            "there is sound"
        )
    if offset := int((store.offsets > OFFSET_SHARE).sum()):
        worst = int(store.offsets.argmax())
        share = float(store.offsets[worst])
        lines.append(
            f"{offset} of {len(store)} recordings have a DC offset of more than a tenth of their "
            f"power, which signal-to-noise ratios count as sound (most: {share:.0%} of "
            f"{store.recordings[worst].key}); data.remove_mean: true takes it away"
        )
    return lines


def speaker_notes(store: Store) -> list[str]:
    """Say where a corpus of speech may test on voices that it trains on."""
    speakers = {
        part: {one.speaker for one in store.recordings if one.part == part}
        for part in ("train", "test")
    }
    if not all(speakers.values()):
        return []
    lines = []
    if both := sorted((speakers["train"] & speakers["test"]) - {""}):
        lines.append(
            f"speakers in both parts: {some(both)}; its scores are not those of new voices"
        )
    if unknown := [one.key for one in store.recordings if not one.speaker]:
        layout = guess_layout(one.key for one in store.recordings)
        cure = (
            f"the paths look like those of {layout}, whose speaker is the pattern "
            f"'{LAYOUTS[layout]}'"
            if layout
            else "give a pattern that finds them in the paths"
        )
        lines.append(
            f"the speaker of {len(unknown)} of {len(store)} recordings is unknown, and may be in "
            f"both parts; {cure} (folder: option speaker; manifest: column speaker, by "
            "'sslse data scan --speaker')"
        )
    return lines
