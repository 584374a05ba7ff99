"""The ``ticktrail`` command."""


def main() -> None:
    """Run the command line."""
