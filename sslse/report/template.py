"""Fill a page's template: one HTML file with its style and its script."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2

import sslse

STYLE = "page.css"
SCRIPT = "page.js"


def fill(template: str, **content: Any) -> str:
    """Fill a template; a page runs its own script alone, and loads nothing."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (
        (Path(__file__).parent / name).read_text(encoding="utf-8") for name in (STYLE, SCRIPT)
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        **content,
        style=style,
        script=script,
        script_digest=f"sha256-{digest}",
        version=sslse.__version__,
    )
