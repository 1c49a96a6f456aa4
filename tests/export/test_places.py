import pytest

from sslse.errors import ExportError
from sslse.export.places import LEFT_OUT, portable_recipe, without_places


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/me/runs", LEFT_OUT),
        ("~/runs", LEFT_OUT),
        ("~me/runs", LEFT_OUT),
        ("C:\\data", LEFT_OUT),
        ("\\\\server\\data", LEFT_OUT),
        ("http://10.0.0.1:5000", LEFT_OUT),
        ("data.cache=/a folder/with spaces", f"data.cache={LEFT_OUT}"),
        ("loggers=[{name: mlflow, uri: http://host}]", f"loggers=[{{name: mlflow, uri: {LEFT_OUT}"),
        ("cannot read '/x/y'", f"cannot read '{LEFT_OUT}"),
        ("runs/byol", "runs/byol"),
        ("dB / s", "dB / s"),
        ("~5 dB, 1/2", "~5 dB, 1/2"),
        ("core (sslse 0.1.0)", "core (sslse 0.1.0)"),
    ],
)
def test_places_in_texts(text, left):
    assert without_places({"a": [text, 1, None]}) == {"a": [left, 1, None]}
    assert list(without_places({text: 0})) == [left]


def test_a_recipe_names_variables_for_places():
    recipe = {
        "name": "mine",
        "encoder": {"name": "conformer", "dim": 8},
        "augmentations": [{"name": "reverb", "folder": "/data/rooms"}],
        "data": {
            "speech": {"name": "folder", "root": "speech", "include": "*/clean/*"},
            "noise": {"name": "manifest", "file": "/data/noise.csv", "root": None},
            "cache": "/home/me/cache",
            "sample_rate": 16000,
        },
        "loggers": [{"name": "mlflow", "uri": "http://host"}],
    }
    assert portable_recipe(recipe) == {
        "name": "mine",
        "encoder": {"name": "conformer", "dim": 8},
        "augmentations": [{"name": "reverb", "folder": "${AUGMENTATIONS_0_FOLDER}"}],
        "data": {
            "speech": {"name": "folder", "root": "${SPEECH_ROOT}", "include": "*/clean/*"},
            "noise": {"name": "manifest", "file": "${NOISE_FILE}", "root": None},
            "sample_rate": 16000,
        },
    }


def test_a_network_that_needs_a_file_is_refused():
    with pytest.raises(ExportError) as caught:
        portable_recipe({"encoder": {"name": "mine", "weights": "/data/w"}})
    assert str(caught.value) == (
        "encoder.weights: '/data/w' is a place of this machine, so that the network could not be "
        "built elsewhere; possible: a component whose options hold no path"
    )
