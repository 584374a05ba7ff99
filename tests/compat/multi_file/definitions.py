"""Everything together."""

import ticktrail as dg

from . import assets, jobs, resources, sensors

shop = dg.load_assets_from_package_module(assets, group_name="shop", key_prefix="shop", include_specs=True)

defs = dg.Definitions.merge(
    dg.Definitions(assets=shop),
    dg.load_definitions_from_modules([jobs, sensors]),
    dg.Definitions(resources={"inbox": resources.inbox}),
)
