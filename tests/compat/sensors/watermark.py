"""A run for each row of a table; the cursor is the time of the newest one."""

import os
import sqlite3

import ticktrail as dg


class Table(dg.ConfigurableResource):
    """The table ``orders`` (id, changed) in SQLite, or in PostgreSQL if the address is one."""

    address: str

    def rows(self, sql: str, *values: object) -> list[tuple]:
        if self.address.startswith("postgresql:"):
            import psycopg

            with psycopg.connect(self.address) as connection:
                return connection.execute(sql.replace("?", "%s"), values).fetchall()
        connection = sqlite3.connect(self.address)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()


class Row(dg.Config):
    id: int


@dg.op
def handle(config: Row, table: Table):
    [(name,)] = table.rows("SELECT name FROM orders WHERE id = ?", config.id)
    with open("handled", "a") as file:
        file.write(f"{config.id} {name}\n")


@dg.job
def handle_job():
    handle()


@dg.sensor(job=handle_job, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def changed_rows(context: dg.SensorEvaluationContext, table: Table):
    since = int(context.cursor or 0)
    # Rows of the newest moment are read again: there may be more of them by now. Keys hold back the others.
    rows = table.rows("SELECT id, changed FROM orders WHERE changed >= ? ORDER BY changed, id", since)
    for row, changed in rows:
        yield dg.RunRequest(run_key=f"{row} {changed}", run_config=dg.RunConfig(ops={"handle": Row(id=row)}))
        context.update_cursor(str(changed))
    if not rows:
        yield dg.SkipReason(f"no rows, process {os.getpid()}")


defs = dg.Definitions(
    jobs=[handle_job], sensors=[changed_rows], resources={"table": Table(address=dg.EnvVar("ORDERS_ADDRESS"))}
)
