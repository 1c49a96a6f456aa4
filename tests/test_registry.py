"""Plugins are found, and a broken one harms nobody else."""

import math
import sys
from importlib.metadata import entry_points

import pytest

from sslse.errors import RegistryError
from sslse.registry import KINDS, Component, Plugin, Registry, did_you_mean, discover

HOOK = "from sslse.hooks import hookimpl\n@hookimpl\ndef sslse_components({arguments}):\n"
GOOD = HOOK.format(arguments="add") + (
    "    add('objective', '{name}', '{module}:Thing', summary='Of a test')\n"
)


def good(module, name="fine"):
    thing = "class Thing:\n    def __init__(self, *, size: int = 3): ...\n"
    return GOOD.format(name=name, module=module) + thing


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Give a function that installs a distribution whose entry points name one module each."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    before = set(sys.modules)

    def make(distribution, plugins, version="1.2"):
        """Map entry-point names to a module's name and text (None: there is no such module)."""
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        lines = [f"{name} = {module}\n" for name, (module, _) in plugins.items()]
        (info / "entry_points.txt").write_text("[sslse]\n" + "".join(lines), encoding="utf-8")
        for module, text in plugins.values():
            if text is not None:
                (site / f"{module}.py").write_text(text, encoding="utf-8")
        return info

    yield make
    for name in set(sys.modules) - before:
        if name.startswith("sslse_test_"):
            del sys.modules[name]


def the_rest_works(registry):
    shipped = {"byol", "normal", "simsiam"}
    assert shipped <= set(registry.names("objective"))
    assert registry.get("objective", "byol").load().__name__ == "BYOL"
    assert registry.get("schedule", "mix").load().__name__ == "Mix"


class TestShipped:
    def test_they_come_through_entry_points(self):
        names = {one.name for one in entry_points(group="sslse") if one.dist.name == "sslse"}
        assert {"core", "byol", "normal", "simsiam"} <= names
        owners = {one.plugin.name for one in discover().components.values()}
        assert names <= owners

    def test_nothing_is_broken(self, registry):
        assert registry.broken == []
        the_rest_works(registry)

    def test_every_component_loads_and_says_what_it_is(self, registry):
        assert len(registry.components) >= 20
        for component in registry.components.values():
            assert callable(component.load())
            assert component.summary
            assert "\n" not in component.summary

    def test_every_kind_has_one(self, registry):
        for kind in KINDS:
            assert registry.names(kind), kind

    def test_each_discovery_is_a_fresh_value(self):
        first, second = discover(), discover()
        assert first is not second
        first.components.clear()
        assert second.components


def test_a_plugin_of_another_distribution(install):
    install("sslse-fine", {"fine": ("sslse_test_fine", good("sslse_test_fine"))})
    registry = discover()
    component = registry.get("objective", "fine")
    assert component.load().__name__ == "Thing"
    assert str(component.plugin) == "fine (sslse-fine 1.2)"
    assert component.summary == "Of a test"
    assert registry.broken == []


def test_components_are_not_imported_by_discovery(install):
    text = GOOD.format(name="lazy", module="sslse_test_lazy_code")
    install("sslse-lazy", {"lazy": ("sslse_test_lazy", text)})
    code = install("sslse-code", {"code": ("sslse_test_lazy_code", good("x", "code"))})
    (code / "entry_points.txt").unlink()
    component = discover().get("objective", "lazy")
    assert "sslse_test_lazy_code" not in sys.modules
    component.load()
    assert "sslse_test_lazy_code" in sys.modules


BROKEN = {
    "raises": ("raise ValueError('no licence\\n  found')", "ValueError: no licence found"),
    "exits": ("import sys\nsys.exit('bye')", "SystemExit: bye"),
    "imports": ("import no_such_module_of_sslse", "ModuleNotFoundError: No module named"),
    "syntax": ("def (", "SyntaxError: invalid syntax"),
    "missing": (None, "ModuleNotFoundError: No module named 'sslse_test_missing'"),
    "hook_raises": (
        HOOK.format(arguments="add")
        + "    add('objective', 'half', 'x:Y', summary='')\n    raise OSError('disk')",
        "OSError: disk",
    ),
    "hook_exits": (HOOK.format(arguments="add") + "    raise SystemExit", "SystemExit:"),
    "argument": (
        HOOK.format(arguments="add, extra") + "    pass",
        "Argument(s) {'extra'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "other_hook": (
        "from sslse.hooks import hookimpl\n@hookimpl\ndef sslse_component(add): ...",
        "unknown hook 'sslse_component'",
    ),
    "kind": (
        HOOK.format(arguments="add") + "    add('objektive', 'x', 'x:Y', summary='')",
        "no kind named 'objektive'; did you mean 'objective'? (possible: encoder, ",
    ),
    "target": (
        HOOK.format(arguments="add") + "    add('objective', 'x', 'x.Y', summary='')",
        "objective 'x': 'x.Y' is not 'package.module:Name'",
    ),
    "nothing": ("", "it adds no component: no @hookimpl sslse_components(add) found"),
    "empty_hook": (HOOK.format(arguments="add") + "    pass", "it adds no component"),
    "twice": (
        HOOK.format(arguments="add") + "    add('objective', 'x', 'x:Y', summary='')\n" * 2,
        "it adds objective 'x' twice",
    ),
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_left_out(install, text, reason, request):
    name = request.node.callspec.id
    install("sslse-broken", {name: (f"sslse_test_{name}", text)})
    install("sslse-fine", {"fine": ("sslse_test_fine", good("sslse_test_fine"))})
    registry = discover()
    (broken,) = registry.broken
    assert str(broken.plugin) == f"{name} (sslse-broken 1.2)"
    assert reason in broken.reason
    assert "\n" not in broken.reason
    assert registry.names("objective").count("fine") == 1
    assert not {"half", "x"} & set(registry.names("objective"))
    the_rest_works(registry)


def test_all_broken_ones_at_once(install):
    plugins = {name: (f"sslse_test_{name}", text) for name, (text, _) in BROKEN.items()}
    install("sslse-broken", plugins)
    registry = discover()
    reasons = {one.plugin.name: one.reason for one in registry.broken}
    assert set(reasons) == set(BROKEN)
    for name, (_, reason) in BROKEN.items():
        assert reason in reasons[name]
    the_rest_works(registry)


def test_a_name_that_is_taken_keeps_its_first_owner(install):
    text = HOOK.format(arguments="add") + (
        "    add('objective', 'another', 'x:Y', summary='')\n"
        "    add('objective', 'byol', 'x:Y', summary='')\n"
    )
    install("sslse-second", {"second": ("sslse_test_second", text)})
    registry = discover()
    assert registry.broken[0].reason == (
        f"objective 'byol' is claimed by two plugins: {registry.get('objective', 'byol').plugin} "
        "and second (sslse-second 1.2); the first is kept, none of the second's components is used"
    )
    assert "another" not in registry.names("objective")
    the_rest_works(registry)


def test_no_distribution_comes_before_the_core(install):
    text = good("sslse_test_first", "byol")
    install("a-first", {"byol": ("sslse_test_first", text)})
    registry = discover()
    assert registry.get("objective", "byol").plugin.distribution == "sslse"
    assert [str(one.plugin) for one in registry.broken] == ["byol (a-first 1.2)"]


def test_one_entry_point_name_in_two_distributions(install):
    install("sslse-a", {"same": ("sslse_test_a", good("sslse_test_a", "a"))})
    install("sslse-b", {"same": ("sslse_test_b", good("sslse_test_b", "b"))})
    registry = discover()
    assert registry.broken == []
    plugins = [str(registry.get("objective", name).plugin) for name in "ab"]
    assert plugins == ["same (sslse-a 1.2)", "same (sslse-b 1.2)"]


def test_the_order_of_distributions_decides_not_that_of_the_path(install):
    install("sslse-b", {"b": ("sslse_test_b", good("sslse_test_b", "same"))})
    install("sslse-a", {"a": ("sslse_test_a", good("sslse_test_a", "same"))})
    registry = discover()
    assert registry.get("objective", "same").plugin.name == "a"
    assert [one.plugin.name for one in registry.broken] == ["b"]


def test_a_distribution_without_metadata(install):
    info = install("sslse-bare", {"bare": ("sslse_test_bare", good("sslse_test_bare"))})
    (info / "METADATA").write_text("", encoding="utf-8")
    registry = discover()
    assert str(registry.get("objective", "fine").plugin) == "bare (unnamed distribution)"


PRINTING = "import sys\nprint('hello')\nsys.stdout.flush()\n"


def test_what_plugins_print_is_not_on_standard_output(install, tmp_path, capsys):
    hook = good("sslse_test_part").replace("class Thing", "    print('hook')\nclass Thing")
    install("sslse-loud", {"loud": ("sslse_test_loud", PRINTING + hook)})
    code = install("sslse-part", {"part": ("sslse_test_part", PRINTING + good("x"))})
    (code / "entry_points.txt").unlink()
    path = tmp_path / "mine.py"
    path.write_text(PRINTING + good("sslse_test_part", "mine"), encoding="utf-8")
    found = discover([path])
    assert capsys.readouterr() == ("", "hello\nhook\nhello\n")
    found.get("objective", "fine").load()
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize("limit", [-1.0, math.inf])
def test_slow_plugins_are_named(install, tmp_path, monkeypatch, limit):
    monkeypatch.setattr("sslse.registry.SLOW_SECONDS", limit)
    install("sslse-slow", {"slow": ("sslse_test_slow", good("sslse_test_slow"))})
    install("sslse-bad", {"bad": ("sslse_test_bad", "raise ValueError")})
    path = tmp_path / "mine.py"
    path.write_text(good("x", "mine"), encoding="utf-8")
    found = discover([path])
    owners = {one.plugin for one in found.components.values()}
    broken = {one.plugin for one in found.broken}
    assert set(found.slow) == (owners | broken if limit < 0 else set())


class TestFiles:
    def test_a_good_one(self, tmp_path):
        path = tmp_path / "mine.py"
        text = good("unused").replace("'unused:Thing'", "Thing")
        path.write_text(text, encoding="utf-8")
        registry = discover([path])
        component = registry.get("objective", "fine")
        assert component.load().__name__ == "Thing"
        assert str(component.plugin) == f"mine ({path})"
        the_rest_works(registry)

    @pytest.mark.parametrize(
        ("name", "text", "reason"),
        [
            ("missing.py", None, "no such file"),
            ("raising.py", "raise ValueError('oh')", "ValueError: oh"),
            ("exits.py", "raise SystemExit('oh')", "SystemExit: oh"),
            ("plugin.txt", "", "not a Python file; its name must end in .py"),
            ("nothing.py", "x = 1", "it adds no component"),
            ("taken.py", good("x", "byol"), "objective 'byol' is claimed by two plugins: byol ("),
        ],
    )
    def test_a_broken_one_stops(self, tmp_path, name, text, reason):
        path = tmp_path / name
        if text is not None:
            path.write_text(text, encoding="utf-8")
        with pytest.raises(RegistryError) as caught:
            discover([path])
        assert str(caught.value).startswith(f"{path}: plugin cannot be used: {reason}")

    def test_one_that_raises_leaves_no_module_behind(self, tmp_path):
        path = tmp_path / "raises_alone.py"
        path.write_text("raise ValueError", encoding="utf-8")
        before = set(sys.modules)
        with pytest.raises(RegistryError):
            discover([path])
        assert set(sys.modules) == before


class TestGet:
    def test_a_near_miss(self, registry):
        with pytest.raises(RegistryError) as caught:
            registry.get("objective", "simsam")
        names = ", ".join(registry.names("objective"))
        assert str(caught.value) == (
            f"no objective named 'simsam'; did you mean 'simsiam'? (possible: {names})"
        )

    def test_broken_plugins_are_mentioned(self, install):
        install("sslse-broken", {"moco": ("sslse_test_moco", "raise ValueError")})
        with pytest.raises(RegistryError) as caught:
            discover().get("objective", "moco")
        message = "; broken plugins, see 'sslse list': moco (sslse-broken 1.2)"
        assert str(caught.value).endswith(message)

    def test_an_unknown_kind(self, registry):
        with pytest.raises(RegistryError, match="no kind named 'metrics'; did you mean 'metric'"):
            registry.get("metrics", "stoi")

    def test_none_installed(self):
        with pytest.raises(RegistryError, match=r"no metric named 'x'; .*\(none is installed\)"):
            Registry().get("metric", "x")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module_of_sslse:X", "ModuleNotFoundError: No module named"),
        ("sslse.schedules:Mixx", "AttributeError: module 'sslse.schedules' has no attribute"),
        ("sslse.registry:KINDS", "it is neither a class nor a function"),
    ],
)
def test_a_target_that_does_not_load(target, reason):
    component = Component("schedule", "x", target, "", Plugin("mine", "sslse-mine", "3"))
    with pytest.raises(RegistryError) as caught:
        component.load()
    start = f"schedule 'x' of plugin mine (sslse-mine 3) cannot be loaded from {target!r}: "
    assert str(caught.value).startswith(start + reason)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rounds", "round"),
        ("ROUND", "round"),
        ("pre", "pretrain"),
        ("pr", ""),
        ("Mix", "mix"),
        ("ds", "dynamic_share"),
        ("r", ""),
        ("quite another", ""),
        ("", ""),
    ],
)
def test_did_you_mean(name, expected):
    possible = ["mix", "pretrain", "round", "se", "dynamic_share"]
    assert did_you_mean(name, possible) == (f"; did you mean {expected!r}?" if expected else "")
