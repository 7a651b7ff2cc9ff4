# One server, open to whoever reaches it: for looking around on one machine.

# It need not wait for others to elect a leader.
bootstrap_expect = 1
