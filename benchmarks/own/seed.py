"""Where the chance of these measurements begins."""

SEED = 1
