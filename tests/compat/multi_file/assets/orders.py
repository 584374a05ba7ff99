"""The orders as they came."""

import ticktrail as dg

from ..resources import Folder


class OrderFile(dg.Config):
    """The file that a run is about."""

    name: str


@dg.asset
def orders(config: OrderFile, inbox: Folder) -> list[int]:
    return inbox.numbers(config.name)
