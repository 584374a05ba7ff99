"""What people write sensors with: the names a Dagster sensor author knows."""
