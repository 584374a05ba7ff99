"""A message to a chat for each run that failed."""

import json
from urllib.request import Request, urlopen

import ticktrail as dg


class Chat(dg.ConfigurableResource):
    webhook: str

    def post(self, text: str) -> None:
        body = json.dumps({"text": text}).encode()
        with urlopen(
            Request(self.webhook, data=body, headers={"Content-Type": "application/json"})
        ) as answer:
            answer.read()


class Order(dg.Config):
    number: int


@dg.op
def ship(config: Order):
    raise ValueError(f"order {config.number} has no address")


@dg.job
def ship_orders():
    ship()


@dg.sensor(job=ship_orders, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def orders():
    for number in (1, 2, 3):
        yield dg.RunRequest(run_key=str(number), run_config=dg.RunConfig(ops={"ship": Order(number=number)}))


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING)
def alert(context: dg.RunFailureSensorContext, chat: Chat):
    [failed] = context.get_step_failure_events()
    error = failed.event_specific_data.error.message
    chat.post(f"{context.dagster_run.job_name} failed at {failed.step_key}: {error}")


defs = dg.Definitions(
    jobs=[ship_orders], sensors=[orders, alert], resources={"chat": Chat(webhook=dg.EnvVar("CHAT_WEBHOOK"))}
)
