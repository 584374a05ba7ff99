"""A dynamic partition for each customer, made when the first file comes and deleted when the folder is gone."""

import os

import ticktrail as dg

customers = dg.DynamicPartitionsDefinition(name="customers")


@dg.asset(partitions_def=customers)
def account(context: dg.AssetExecutionContext):
    files = os.listdir(os.path.join("customers", context.partition_key))
    return dg.MaterializeResult(metadata={"files": len(files)})


account_job = dg.define_asset_job("account_job", selection=[account], partitions_def=customers)


@dg.sensor(job=account_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def customer_files(context: dg.SensorEvaluationContext):
    there = sorted(os.listdir("customers"))
    known = context.instance.get_dynamic_partitions("customers")
    new = [name for name in there if name not in known]
    gone = [name for name in known if name not in there]
    changes = [customers.build_add_request(new)] if new else []
    changes += [customers.build_delete_request(gone)] if gone else []
    requests = [
        dg.RunRequest(run_key=f"{name}/{filename}", partition_key=name)
        for name in there
        for filename in sorted(os.listdir(os.path.join("customers", name)))
    ]
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=changes)


defs = dg.Definitions(assets=[account], jobs=[account_job], sensors=[customer_files])
