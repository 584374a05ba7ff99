"""What runs together."""

import ticktrail as dg

order_job = dg.define_asset_job("order_job", dg.AssetSelection.groups("shop"))
