import runpy
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_reference_page_is_what_the_signatures_say():
    made = runpy.run_path(str(ROOT / "tools" / "make_reference.py"))["reference"]()
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert made == written, "run: python tools/make_reference.py"
