"""What is made of a file of orders."""
