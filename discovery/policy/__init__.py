"""Decisions, and nothing else: no I/O, no clock, no global randomness, no logging, no asyncio.

Time (``now``, monotonic seconds) and chance (``random.Random``) are arguments. What a decision returns, a
shell in ``discovery.runtime`` carries out. A test in ``tests/architecture`` holds this rule.
"""
