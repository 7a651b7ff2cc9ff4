"""The catalogue of laptops: list, read, add, replace, delete; each is read with its ports."""
