"""What is defined in modules, found by looking through their variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

from ..own_frames import module_of_user
from .asset_spec import AssetSpec
from .assets import AssetsDefinition
from .configurable_resource import ConfigurableResource
from .definitions import Definitions
from .errors import CheckError, DagsterInvalidDefinitionError
from .jobs import JobDefinition, UnresolvedAssetJobDefinition
from .names import refuse_unsupported
from .partitioned_schedule import UnresolvedPartitionedSchedule
from .resources import checked_resources, same_resource
from .schedule_definition import ScheduleDefinition
from .sensor_definition import SensorDefinition

_ASSETS_NOT_YET = (
    "automation_condition",
    "auto_materialize_policy",
    "backfill_policy",
    "freshness_policy",
    "legacy_freshness_policy",
    "source_key_prefix",
)

#: The names of a module and what they stand for, among them its own, ``__name__``.
Namespace: TypeAlias = Mapping[str, Any]

Found = TypeVar("Found")


def load_assets_from_modules(
    modules: Iterable[ModuleType],
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    include_specs: bool = False,
    **unsupported: Any,
) -> list[AssetsDefinition | AssetSpec]:
    """Return the assets that are variables of *modules*, or in a list that is one.

    Each is there once, module by module, in the order in which they are defined or imported there.

    Args:
        group_name: Group of all of them; the ones returned are copies then.
        key_prefix: Goes before the keys of those that are made here, and before the keys by which the
            others of them depend on these; the ones returned are copies then.
        include_specs: Whether to return `AssetSpec` as well; their keys get no prefix.

    Raises:
        CheckError: *modules* are no list of modules.
        DagsterInvalidDefinitionError: Two assets have one key, one has a group already, or a parameter is
            not supported yet.
    """
    refuse_unsupported("load_assets_from_modules", unsupported, _ASSETS_NOT_YET)
    return _assets(_namespaces(modules), group_name, key_prefix, include_specs)


def load_assets_from_current_module(
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    include_specs: bool = False,
    **unsupported: Any,
) -> list[AssetsDefinition | AssetSpec]:
    """Return the assets of the module that calls this, as far as it has come; as `load_assets_from_modules`."""
    refuse_unsupported("load_assets_from_current_module", unsupported, _ASSETS_NOT_YET)
    return _assets([module_of_user()], group_name, key_prefix, include_specs)


def load_definitions_from_modules(
    modules: Iterable[ModuleType], resources: Mapping[str, Any] | None = None, **unsupported: Any
) -> Definitions:
    """Return all assets, specs, jobs, schedules, sensors and resources that are variables of *modules*.

    All but resources are also found in lists. A resource is a `ConfigurableResource`, known
    by the name of its variable.

    Args:
        resources: More resources, or others in place of those found.

    Raises:
        CheckError: *modules* are no list of modules.
        DagsterInvalidDefinitionError: A key or name stands for different things, or a parameter is not
            supported yet.
    """
    refuse_unsupported("load_definitions_from_modules", unsupported, ("loggers", "executor"))
    return _definitions(_namespaces(modules), resources)


def load_definitions_from_module(
    module: ModuleType, resources: Mapping[str, Any] | None = None, **unsupported: Any
) -> Definitions:
    """Return everything that one module defines, as `load_definitions_from_modules` does."""
    return load_definitions_from_modules([module], resources, **unsupported)


def load_definitions_from_current_module(
    resources: Mapping[str, Any] | None = None, **unsupported: Any
) -> Definitions:
    """Return everything that the module that calls this has defined so far, as `load_definitions_from_modules`."""
    refuse_unsupported("load_definitions_from_current_module", unsupported, ("loggers", "executor"))
    return _definitions([module_of_user()], resources)


def _namespaces(modules: Iterable[ModuleType]) -> list[Namespace]:
    if isinstance(modules, ModuleType):
        raise CheckError(f"modules must be a list of modules, got {modules!r}: put it into a list")
    given = list(modules)
    for module in given:
        if not isinstance(module, ModuleType):
            raise CheckError(f"modules must be a list of modules, it has {module!r}")
    return [vars(module) for module in given]


def _assets(
    namespaces: list[Namespace],
    group_name: str | None,
    key_prefix: str | Sequence[str] | None,
    include_specs: bool,
) -> list[AssetsDefinition | AssetSpec]:
    kinds = (AssetsDefinition, AssetSpec) if include_specs else (AssetsDefinition,)
    found: list[AssetsDefinition | AssetSpec] = _found(namespaces, kinds, _keys)
    if key_prefix is not None:
        made = [key for one in found if isinstance(one, AssetsDefinition) for key in one.asset_keys]
        keys = {key: key.with_prefix(key_prefix) for key in made}
        found = [one.renamed(keys) for one in found]
    return found if group_name is None else [one.in_group(group_name) for one in found]


def _definitions(namespaces: list[Namespace], resources: Mapping[str, Any] | None) -> Definitions:
    given = checked_resources(resources, "load_definitions_from_modules")
    return Definitions(
        assets=_found(namespaces, (AssetsDefinition, AssetSpec), _keys),
        jobs=_found(namespaces, (JobDefinition, UnresolvedAssetJobDefinition), _name("Job")),
        schedules=_found(namespaces, (ScheduleDefinition, UnresolvedPartitionedSchedule), _name("Schedule")),
        sensors=_sensors(namespaces),
        resources={**_resources(namespaces, set(given)), **given},
    )


def _sensors(namespaces: list[Namespace]) -> list[SensorDefinition]:
    found: list[SensorDefinition] = _found(namespaces, (SensorDefinition,), _name("Sensor"))
    return [sensor for sensor in found if not isinstance(sensor, ScheduleDefinition)]


def _found(
    namespaces: list[Namespace],
    kinds: tuple[type[Found], ...],
    titles: Callable[[Any], Iterable[str]],
) -> list[Found]:
    """Return all of *kinds*, each once.

    Args:
        titles: Returns what stands for one thing only, such as ``"Job name j"``.
    """
    found: dict[int, Found] = {}
    places: dict[str, dict[int, str]] = {}
    for namespace in namespaces:
        for one in _values(namespace, kinds):
            found[id(one)] = one
            for title in titles(one):
                places.setdefault(title, {}).setdefault(id(one), namespace["__name__"])
    for title, modules in places.items():
        if len(modules) > 1:
            raise _twice(title, modules.values())
    return list(found.values())


def _values(namespace: Namespace, kinds: tuple[type[Found], ...]) -> Iterator[Found]:
    for value in namespace.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, kinds):
                yield one


def _resources(namespaces: list[Namespace], given: set[str]) -> dict[str, ConfigurableResource]:
    found: dict[str, tuple[str, ConfigurableResource]] = {}
    for namespace in namespaces:
        for name, value in namespace.items():
            if isinstance(value, ConfigurableResource) and name not in given:
                module, other = found.setdefault(name, (namespace["__name__"], value))
                if not same_resource(other, value):
                    raise _twice(f"Resource {name}", [module, namespace["__name__"]])
    return {name: value for name, (_, value) in found.items()}


def _keys(assets: AssetsDefinition | AssetSpec) -> Iterator[str]:
    return (f"Asset key {key.to_user_string()}" for key in assets.asset_keys)


def _name(what: str) -> Callable[[Any], list[str]]:
    return lambda one: [f"{what} name {one.name}"]


def _twice(title: str, modules: Iterable[str]) -> DagsterInvalidDefinitionError:
    return DagsterInvalidDefinitionError(
        f"{title} is defined multiple times. Definitions found in modules: "
        f"{', '.join(dict.fromkeys(modules))}. Rename one, or leave one out."
    )
