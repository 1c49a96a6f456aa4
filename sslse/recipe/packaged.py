"""Find recipes, data profiles and presets by file or by bare name among the packaged ones."""

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
    return _find_file(recipe, packaged_recipes(), Problem(recipe, "", "packaged recipe"))


def find_profile(profile: str) -> Path:
    """Return the file of a data profile given by path or bare name.

    Raises:
        RecipeError: there is neither a file nor a packaged profile of that name.
    """
    problem = Problem(f"--data {profile}", "", "packaged profile")
    return _find_file(profile, packaged_recipes() / "data", problem)


def find_parent(parent: str, folder: Path, where: str) -> Path:
    """Return the file a recipe extends: beside it, or a packaged recipe's bare name.

    Raises:
        RecipeError: there is neither.
    """
    file = folder / parent
    if _is_file(file):
        return file
    packaged = packaged_recipes()
    if parent in _names(packaged):
        return packaged / f"{parent}.yaml"
    near = _near_file(file) or did_you_mean(parent, _names(packaged))
    raise RecipeError([Problem(where, "extends", f"no file {file}{near}")])


def find_preset(name: str, where: str) -> Path:
    """Return the file of a preset.

    Raises:
        RecipeError: there is none of that name.
    """
    folder = packaged_recipes() / "presets"
    if name in _names(folder):
        return folder / f"{name}.yaml"
    message = f"no preset named {name!r}{_possible(name, folder)}"
    raise RecipeError([Problem(where, "preset", message)])


def _find_file(text: str, folder: Path, problem: Problem) -> Path:
    """Return a file or the packaged one of that name; the problem's message says of what kind."""
    path = Path(text)
    if _is_file(path):
        return path
    name = text.removesuffix(".yaml")
    if name in _names(folder):
        return folder / f"{name}.yaml"
    if _is_file(path / "recipe.yaml"):
        message = f"is a folder; did you mean {str(path / 'recipe.yaml')!r}?"
    else:
        near = _near_file(path) or _possible(path.stem, folder)
        message = f"no such file, and no {problem.message} of that name{near}"
    raise RecipeError([Problem(problem.where, problem.path, message)])


def _is_file(path: Path) -> bool:
    """Tell whether there is such a file; a path the system cannot hold is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _near_file(path: Path) -> str:
    """Suggest a file of the same folder for one that is missing."""
    if path.suffix != ".yaml":
        return ""
    return did_you_mean(str(path), [str(one) for one in path.parent.glob("*.yaml")])


def _possible(name: str, folder: Path) -> str:
    names = _names(folder)
    return f"{did_you_mean(name, names)} (possible: {', '.join(names)})"


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))
