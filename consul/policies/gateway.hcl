# Strangers talk to it, so it is told of no service but those that it leads to: beside its place in GATEWAY_SERVICES, one
# that the world may name needs a line here.

service "gateway" { policy = "write" }
service "accounts" { policy = "read" }
service "marketplace" { policy = "read" }
service "laptops" { policy = "read" }
service "notifications" { policy = "read" }
service "orders" { policy = "read" }
service "payments" { policy = "read" }
service "ports" { policy = "read" }
service "recommendations" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/gateway/" { policy = "read" }
