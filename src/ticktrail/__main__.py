"""``python -m ticktrail`` is the ``ticktrail`` command."""

from ticktrail.adapters.cli import main

if __name__ == "__main__":
    main()
