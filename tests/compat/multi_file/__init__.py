"""An inbox of orders, with assets, jobs, sensors and resources in files of their own."""
