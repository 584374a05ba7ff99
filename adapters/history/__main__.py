"""``python -m ticktrail.adapters.history HOME``: seal what is ripe of a home's history, out of the engine's way."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ...core.errors import TickTrailError
from ..home import Home
from .sealing import sealing


def main() -> int:
    """Seal, and return the exit code."""
    os.nice(10)
    home = Home.open(Path(sys.argv[1]), create=False)
    log = home.log()
    try:
        with sealing(home.history_path, log) as sealer:
            if sealer is not None:
                sealer.seal()
    except TickTrailError as error:
        sys.stderr.write(f"ticktrail: {error}\n")
        return 1
    finally:
        log.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
