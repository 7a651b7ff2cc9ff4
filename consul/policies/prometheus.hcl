# Finds whom to ask for metrics by their tag, whoever they are.

service_prefix "" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
# Consul's own metrics, and the name of the datacentre.
agent_prefix "consul-" { policy = "read" }
