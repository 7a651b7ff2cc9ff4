"""The charging ports of the laptops: list, read, add, replace, delete."""
