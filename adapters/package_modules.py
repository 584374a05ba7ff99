"""What a package and all modules in it define; they are imported for it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from ..core.authoring.asset_spec import AssetSpec
from ..core.authoring.assets import AssetsDefinition
from ..core.authoring.definitions import Definitions
from ..core.authoring.errors import CheckError
from ..core.authoring.gathering import load_assets_from_modules, load_definitions_from_modules

__all__ = [
    "load_assets_from_package_module",
    "load_assets_from_package_name",
    "load_definitions_from_package_module",
    "load_definitions_from_package_name",
]


def load_assets_from_package_module(
    package_module: ModuleType,
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    include_specs: bool = False,
    **unsupported: Any,
) -> list[AssetsDefinition | AssetSpec]:
    """Return the assets of a package and of all modules in it, as `load_assets_from_modules` does.

    The modules are imported, those of inner packages too, in the order of their names; all but a
    ``__main__``, which is there to be run.

    Raises:
        CheckError: *package_module* is no package.
        DagsterInvalidDefinitionError: Two assets have one key, one has a group already, or a parameter is
            not supported yet.
    """
    return load_assets_from_modules(
        modules_of(package_module), group_name, key_prefix, include_specs=include_specs, **unsupported
    )


def load_assets_from_package_name(
    package_name: str,
    group_name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    *,
    include_specs: bool = False,
    **unsupported: Any,
) -> list[AssetsDefinition | AssetSpec]:
    """Return the assets of the package of that name, as `load_assets_from_package_module` does."""
    return load_assets_from_package_module(
        importlib.import_module(package_name),
        group_name,
        key_prefix,
        include_specs=include_specs,
        **unsupported,
    )


def load_definitions_from_package_module(
    package_module: ModuleType, resources: Mapping[str, Any] | None = None, **unsupported: Any
) -> Definitions:
    """Return everything that a package and all modules in it define, as `load_definitions_from_modules` does.

    Raises:
        CheckError: *package_module* is no package.
        DagsterInvalidDefinitionError: A key or name stands for different things, or a parameter is not
            supported yet.
    """
    return load_definitions_from_modules(modules_of(package_module), resources, **unsupported)


def load_definitions_from_package_name(
    package_name: str, resources: Mapping[str, Any] | None = None, **unsupported: Any
) -> Definitions:
    """Return everything that the package of that name defines, as `load_definitions_from_package_module` does."""
    return load_definitions_from_package_module(
        importlib.import_module(package_name), resources, **unsupported
    )


def modules_of(package: ModuleType) -> list[ModuleType]:
    """Return the package and all modules in it, imported.

    Raises:
        CheckError: *package* is no package.
    """
    if not isinstance(package, ModuleType) or not hasattr(package, "__path__"):
        raise CheckError(
            f"a package is expected, got {package!r}: give a module as load_..._from_modules([it])"
        )
    return [package, *_inner(package)]


def _inner(package: ModuleType) -> Iterator[ModuleType]:
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if info.name != "__main__":
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            yield module
            if info.ispkg:
                yield from _inner(module)
