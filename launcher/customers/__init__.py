"""Customers of the shop that are programs: they look around, log in and buy, by the pages that people see."""
