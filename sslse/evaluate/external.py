"""Score waves that another tool has enhanced."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sslse.api import Samples
from sslse.atomic import write_whole
from sslse.errors import DataError
from sslse.evaluate.conditions import ENHANCED
from sslse.evaluate.evaluation import Measures, Watch, score_batches
from sslse.evaluate.export import find_estimates, identity_of, read_estimate, read_exported
from sslse.evaluate.manifest import FILE, Manifest, read_manifest
from sslse.evaluate.named import refuse_overwriting
from sslse.evaluate.unfinished import finish
from sslse.evaluate.work import Batch
from sslse.run_folder import PROVENANCE

SHOWN = 4  # reasons that a message names


def evaluate_files(
    enhanced: Path,
    manifest_file: Path,
    measures: Measures,
    out: Path,
    *,
    provenance: dict[str, Any],
    watch: Watch = lambda _done, _all: None,
) -> dict[str, Any]:
    """Score enhanced files against the exported mixtures; return what ``evaluation.json`` holds.

    Writes ``manifest.json``, ``provenance.json``, ``evaluation.csv`` and ``evaluation.json``. A
    file that is missing or cannot be used is counted as failed, with the reason.

    Args:
        enhanced: folder of the files, named as those in ``noisy/``.
        manifest_file: of the exported mixtures, which lie beside it.
        measures: metrics and baselines.
        out: folder to write; it may hold an evaluation of the same that was not finished.
        provenance: written with the name of ``out``.
        watch: told how many mixtures are scored, of how many.

    Raises:
        RunError: ``out`` holds a run or an evaluation already.
        DataError: the manifest or the exported audio is missing or damaged, or ``enhanced`` holds
            none of the files, or none that can be scored; then no scores are written.
    """
    manifest = read_manifest(manifest_file)
    refuse_overwriting(out)
    found = find_estimates(enhanced, len(manifest.mixtures))
    out.mkdir(parents=True, exist_ok=True)
    manifest.write(out / FILE)
    about = {"name": out.resolve().name, "enhanced": str(enhanced.resolve()), **provenance}
    write_whole(out / PROVENANCE, json.dumps(about, indent=2) + "\n")
    size = measures.recipe.evaluate.batch_size

    def batches() -> Iterator[Batch]:
        for first, clean, noisy in read_exported(manifest, manifest_file.parent, size):
            chosen = manifest.mixtures[first : first + len(clean)]
            waves = partial(_read, found[first : first + len(clean)], manifest)
            yield Batch(first, chosen, clean, noisy, waves)

    files = json.dumps(identity_of(found))
    key = hashlib.blake2b(files.encode(), digest_size=16).hexdigest()
    results = score_batches(
        batches(), manifest, measures, about={"files": key}, watch=watch, folder=out
    )
    finish(out)
    summary = results.summary()
    if not any(summary["counts"]["scored"].values()):
        reasons = Counter[str]()
        for each in summary["failures"][ENHANCED].values():
            reasons.update(each)
        told = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(SHOWN))
        raise DataError(f"{enhanced}: not one file can be scored: {told}")
    results.write(out)
    return summary


def _read(paths: Sequence[Path | str], manifest: Manifest) -> list[Samples | str]:
    return [one if isinstance(one, str) else read_estimate(one, manifest) for one in paths]
