# The agent of the one open server.

# Asked again until it answers, so nothing has to start in a given order; by default only after half a minute.
retry_join     = ["consul-server"]
retry_interval = "2s"
