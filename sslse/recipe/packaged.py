"""Find recipes by file or by bare name among the packaged ones."""

from pathlib import Path

from sslse.errors import Problem, RecipeError
from sslse.registry import did_you_mean


def packaged_recipes() -> Path:
    """Return the folder of shipped recipes: inside the wheel, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "recipes"
    return inside if inside.is_dir() else package.parent / "recipes"


def find_recipe(recipe: str) -> Path:
    """Return the file of a recipe given by path or bare name.

    Raises:
        RecipeError: there is neither a file nor a packaged recipe of that name.
    """
    path = Path(recipe)
    if path.is_file():
        return path
    folder = packaged_recipes()
    if path.is_dir() or len(path.parts) > 1:
        bare = _names(folder)
        message = "is a folder" if path.is_dir() else "no such file"
        near = did_you_mean(path.stem, bare)
        raise RecipeError([Problem(recipe, "", f"{message}{near} (packaged: {', '.join(bare)})")])
    return _find(folder, recipe, Problem(recipe, "", "no such file, and no packaged recipe"))


def find_preset(name: str, where: str) -> Path:
    """Return the file of a preset.

    Raises:
        RecipeError: there is none of that name.
    """
    return _find(packaged_recipes() / "presets", name, Problem(where, "preset", "no such preset"))


def _find(folder: Path, name: str, problem: Problem) -> Path:
    stem = name.removesuffix(".yaml")
    names = _names(folder)
    if stem in names:
        return folder / f"{stem}.yaml"
    possible = ", ".join(names)
    message = f"{problem.message} named {stem!r}{did_you_mean(stem, names)} (possible: {possible})"
    raise RecipeError([Problem(problem.where, problem.path, message)])


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))
