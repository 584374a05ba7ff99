"""A run for each object in a bucket, read through a resource; the cursor is the time of the newest one."""

import obstore
from obstore.store import S3Store

import ticktrail as dg


class Bucket(dg.ConfigurableResource):
    endpoint: str
    name: str

    def store(self) -> S3Store:
        return S3Store(
            self.name,
            endpoint=self.endpoint,
            region="us-east-1",
            skip_signature=True,
            client_options={"allow_http": True},
        )

    def objects_since(self, moment: float) -> list[tuple[str, float]]:
        listed = obstore.list(self.store(), prefix="incoming/").collect()
        found = [(entry["path"], entry["last_modified"].timestamp()) for entry in listed]
        return sorted((entry for entry in found if entry[1] >= moment), key=lambda entry: entry[1])

    def read(self, key: str) -> bytes:
        return bytes(obstore.get(self.store(), key).bytes())


class ObjectConfig(dg.Config):
    key: str


@dg.op
def load_object(context: dg.OpExecutionContext, config: ObjectConfig, bucket: Bucket):
    text = bucket.read(config.key).decode()
    context.log_event(dg.AssetMaterialization("loaded", metadata={"key": config.key, "text": text}))


@dg.job
def load_objects():
    load_object()


@dg.sensor(job=load_objects, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def new_objects(context: dg.SensorEvaluationContext, bucket: Bucket):
    since = float(context.cursor or 0)
    objects = bucket.objects_since(since)
    for key, modified in objects:
        # Objects of the same second are listed again; their keys hold them back.
        yield dg.RunRequest(
            run_key=f"{key} {modified}",
            run_config=dg.RunConfig(ops={"load_object": ObjectConfig(key=key)}),
        )
        context.update_cursor(str(modified))


defs = dg.Definitions(
    jobs=[load_objects],
    sensors=[new_objects],
    resources={"bucket": Bucket(endpoint=dg.EnvVar("BUCKET_ENDPOINT"), name="landing")},
)
