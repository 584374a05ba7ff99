"""What the orders come to."""

import ticktrail as dg

from .orders import orders

customers = dg.AssetSpec("customers")


@dg.asset(deps=[customers])
def total(context: dg.AssetExecutionContext, orders: list[int]) -> dg.MaterializeResult[None]:
    context.log.info("%d orders", len(orders))
    return dg.MaterializeResult(metadata={"total": sum(orders)})


__all__ = ["customers", "orders", "total"]
