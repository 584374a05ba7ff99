"""A job that follows each materialization of an asset that another job makes."""

import os

import ticktrail as dg


class Batch(dg.Config):
    batch: str


@dg.asset
def orders(config: Batch):
    return dg.MaterializeResult(metadata={"batch": config.batch})


@dg.asset(deps=[orders])
def invoices(context: dg.AssetExecutionContext, config: Batch):
    with open("invoiced", "a") as file:
        file.write(f"{config.batch}\n")


orders_job = dg.define_asset_job("orders_job", selection=[orders])
invoices_job = dg.define_asset_job("invoices_job", selection=[invoices])


@dg.sensor(job=orders_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def batches():
    for name in sorted(os.listdir("batches")):
        yield dg.RunRequest(run_key=name, run_config=dg.RunConfig(ops={"orders": Batch(batch=name)}))


@dg.asset_sensor(
    asset_key=dg.AssetKey("orders"), job=invoices_job, default_status=dg.DefaultSensorStatus.RUNNING
)
def orders_made(context: dg.SensorEvaluationContext, asset_event: dg.EventLogEntry):
    materialization = asset_event.asset_materialization
    batch = materialization.metadata["batch"].value
    yield dg.RunRequest(
        run_key=asset_event.run_id, run_config=dg.RunConfig(ops={"invoices": Batch(batch=batch)})
    )


defs = dg.Definitions(
    assets=[orders, invoices], jobs=[orders_job, invoices_job], sensors=[batches, orders_made]
)
