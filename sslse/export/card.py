"""The model card: what the files of a run say about its model, for people and for the hub."""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from sslse.build import count_parameters
from sslse.export.subject import Subject

UNSTATED = "other"
SUPERVISED = "normal"  # the objective that adds no loss
TASK = "audio-to-audio"
NOISY, ENHANCED = "noisy", "enhanced"
PARTS = {
    "train_speech": "training speech",
    "train_noise": "training noise",
    "test_speech": "test speech",
    "test_noise": "test noise",
}


def card(subject: Subject, licence: str | None) -> str:
    """Write the card; a figure that no file holds is said to be missing.

    Args:
        subject: the model.
        licence: an id as the Hugging Face hub has them; None: not stated.
    """
    name = str(subject.recipe["name"])
    head = yaml.safe_dump(_front_matter(subject, licence), sort_keys=False, allow_unicode=True)
    sections = {
        "Use": _use(),
        "Intended use": _intended(subject),
        "Data": _data(subject),
        "Metrics": _metrics(subject),
        "Limits": _limits(subject),
        "Licence": _licence(licence),
        "How it was made": _made(subject),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"---\n{head}---\n\n# {_cell(name)}\n\n{_summary(subject)}\n\n{body}\n"


def _front_matter(subject: Subject, licence: str | None) -> dict[str, Any]:
    matter: dict[str, Any] = {"license": licence or UNSTATED}
    if licence is None:
        matter["license_name"] = "not-stated"
    matter |= {
        "library_name": "sslse",
        "pipeline_tag": TASK,
        "tags": ["sslse", "audio", "speech-enhancement", "denoising", *_methods(subject)],
    }
    if subject.evaluation is not None:
        matter["metrics"] = list(subject.evaluation["metrics"])
        matter["model-index"] = [_index(subject, subject.evaluation)]
    return matter


def _methods(subject: Subject) -> list[str]:
    objective = (subject.recipe.get("objective") or {}).get("name")
    named = [] if objective is None else [str(objective)]
    return named if objective in (None, SUPERVISED) else ["self-supervised-learning", *named]


def _index(subject: Subject, evaluation: dict[str, Any]) -> dict[str, Any]:
    corpora = _corpora(subject)
    mixtures = evaluation["counts"]["mixtures"]
    means = evaluation["mean"][ENHANCED]
    metrics = [
        {"type": metric, "name": f"{_labelled(metric, evaluation)}, enhanced", "value": value}
        for metric, value in means.items()
        if value is not None
    ]
    return {
        "name": str(subject.recipe["name"]),
        "results": [
            {
                "task": {"type": TASK, "name": "Speech enhancement"},
                "dataset": {
                    "type": "-".join(dict.fromkeys(corpora)) or "unknown",
                    "name": f"{' with '.join(corpora)}: {mixtures} test mixtures",
                },
                "metrics": metrics,
            }
        ],
    }


def _corpora(subject: Subject) -> list[str]:
    """Return the names of the corpora of speech and noise."""
    data = subject.recipe.get("data") or {}
    return [str(data[part]["name"]) for part in ("speech", "noise") if "name" in data.get(part, {})]


def _summary(subject: Subject) -> str:
    recipe, model = subject.recipe, subject.model
    ways = "frame by frame, for streams" if model.causal else "recordings of any length"
    text = (
        f"Enhances noisy speech: one channel at {model.sample_rate} Hz, {ways}. Encoder "
        f"`{recipe['encoder']['name']}` and decoder `{recipe['decoder']['name']}` with "
        f"{count_parameters(model.enhancer):,} parameters"
    )
    if "name" in (recipe.get("objective") or {}) and "name" in (recipe.get("schedule") or {}):
        text += (
            f", trained with the objective `{recipe['objective']['name']}` beside the "
            f"enhancement loss under the schedule `{recipe['schedule']['name']}`"
        )
    return f"{text}. `recipe.yaml` holds every option."


def _use() -> str:
    return (
        "With the package sslse, in the folder of this file:\n\n"
        "```bash\nsslse enhance . noisy.wav -o enhanced\n```\n\n"
        "```python\nimport sslse\n\n"
        'model = sslse.load(".")\n'
        "enhanced = model.enhance(noisy, sample_rate)  # (samples,) or (channels, samples)\n```\n\n"
        "`sslse export . --to onnx` makes a file for onnxruntime alone, `--to pt2` a program for "
        "torch alone."
    )


def _intended(subject: Subject) -> str:
    named = dict.fromkeys(f"`{one}`" for one in _corpora(subject))
    corpora = " and ".join(named) or "corpora not recorded here"
    return (
        "Reducing additive noise in recorded speech, and research on self-supervised learning for "
        f"it. It was trained on mixtures from {corpora}; other voices, languages, noises and "
        "rooms are outside what was measured. It is no part of anything on which safety depends "
        "without a test of its own there."
    )


def _data(subject: Subject) -> str:
    data = subject.recipe.get("data") or {}
    lines = [
        f"- {part}: corpus `{data[part]['name']}`"
        for part in ("speech", "noise")
        if "name" in data.get(part, {})
    ]
    if augmentations := subject.recipe.get("augmentations"):
        names = ", ".join(f"`{one['name']}`" for one in augmentations)
        lines.append(f"- views made by: {names}")
    if not subject.material:
        lines.append("- the number and length of recordings: missing, no file here holds it")
        return "\n".join(lines)
    rows = [
        (label, str(one.get("recordings", "missing")), _number(one.get("seconds"), 1))
        for part, label in PARTS.items()
        if isinstance(one := subject.material.get(part), dict)
    ]
    return "\n".join(lines) + "\n\n" + _table(["part", "recordings", "seconds"], rows)


def _metrics(subject: Subject) -> str:
    evaluation = subject.evaluation
    if evaluation is None:
        return "Missing: this model came without an evaluation."
    metrics = list(evaluation["metrics"])
    conditions = evaluation["conditions"]
    head = ["wave", *(_labelled(one, evaluation) for one in metrics)]
    oracles = {name for name, one in evaluation["baselines"].items() if one.get("oracle")}
    means = [
        [f"{one} (knows the clean speech)" if one in oracles else one]
        + [_number(evaluation["mean"][one].get(metric)) for metric in metrics]
        for one in conditions
    ]
    ratios = [
        [f"{ratio} dB"]
        + [
            f"{_number(at[NOISY].get(metric))} -> {_number(at[ENHANCED].get(metric))}"
            for metric in metrics
        ]
        for ratio, at in evaluation["per_snr"].items()
    ]
    counts = evaluation["counts"]
    failed = counts["failed"].get(ENHANCED, 0)
    contracts = [
        f"- `{name}`: {_contract(evaluation['contract'].get(name, {}))}; "
        f"{evaluation['metrics'][name]['better']} is better"
        for name in metrics
    ]
    over = (
        f"Means over {counts['mixtures']} test mixtures of {counts['utterances']} utterances at "
        f"{evaluation['sample_rate']} Hz; scores of enhanced waves that failed: {failed}. The "
        f"mixtures' manifest has the digest `{evaluation['manifest']}`."
    )
    return "\n\n".join(
        [
            over,
            _table(head, means),
            "Noisy -> enhanced, by the mixtures' signal-to-noise ratio:",
            _table(["ratio", *head[1:]], ratios),
            "What each number is:",
            "\n".join(contracts),
        ]
    )


def _contract(contract: dict[str, Any]) -> str:
    package = f"{contract.get('package', 'missing')} {contract.get('version', '')}".strip()
    options = [f"{key} {one}" for key, one in contract.items() if key not in ("package", "version")]
    return ", ".join([package, *options])


def _limits(subject: Subject) -> str:
    lines = [f"Works at {subject.model.sample_rate} Hz: nothing above half of that comes out."]
    reach = subject.model.enhancer.reach
    if subject.model.causal:
        lines.append("Causal: looks at no later frame.")
    elif reach is None:
        lines.append("Looks at the whole wave: memory grows with its length, and no stream.")
    if "demo" in _corpora(subject):
        lines.append("The corpus `demo` is synthetic: real recordings were not part of it.")
    lines.append("Several channels are enhanced each for itself; what is between them may change.")
    if subject.evaluation is None:
        lines.append("How well it enhances is not recorded here.")
    return "\n".join(f"- {one}" for one in lines)


def _licence(licence: str | None) -> str:
    if licence is None:
        return (
            "The licence of the data and of this model was not stated when it was exported; ask "
            "whoever gives it away before you use it."
        )
    return f"`{licence}`, as stated by whoever exported it. Corpora have licences of their own."


def _made(subject: Subject) -> str:
    lines = [f"- sslse {subject.version}"]
    provenance = subject.provenance or {}
    versions = provenance.get("packages") or {}
    if versions:
        named = (f"{name} {version}" for name, version in versions.items() if version)
        lines.append(f"- packages: {', '.join(named)}")
    facts = {key: provenance.get(key) for key in ("commit", "started", "device", "python")}
    lines += [f"- {key}: {_cell(str(one or 'missing'))}" for key, one in facts.items()]
    plugins = sorted(set(map(str, (provenance.get("components") or {}).values())))
    lines.append(f"- plugins: {', '.join(map(_cell, plugins)) or 'missing'}")
    return "\n".join(lines)


def _labelled(metric: str, evaluation: dict[str, Any]) -> str:
    unit = evaluation["metrics"][metric].get("unit")
    return f"{metric} ({unit})" if unit else metric


def _number(value: Any, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if isinstance(value, int | float) else "missing"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
