"""Laptops for a customer, each with the reasons for it."""
