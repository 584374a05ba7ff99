"""All names that sensor authors use, but for those of looking back; ``import ticktrail as dg`` gives them."""

from __future__ import annotations

from ..core.authoring import *
from ..core.authoring import __all__ as _authoring
from .instance import DagsterInstance, instance_for_test
from .package_modules import *
from .package_modules import __all__ as _package_modules

__all__ = list(_authoring) + list(_package_modules)
__all__ += ["DagsterInstance", "instance_for_test"]
