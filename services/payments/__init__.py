"""Payments: each key is charged once for ever, what was charged can be given back, and a ledger says where all is."""
