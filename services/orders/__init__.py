"""Orders: placed by customers, and carried out step by step until they are confirmed, or undone."""
