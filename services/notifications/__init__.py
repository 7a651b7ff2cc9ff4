"""Notifications: what a customer is told of his orders, kept, and shown as it comes."""
