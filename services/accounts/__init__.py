"""Accounts: who somebody is, told by a token that every service can check."""
