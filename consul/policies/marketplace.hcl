# Its pages are made of laptops, their ports, and recommendations; accounts know who logs in there, orders what is bought,
# and notifications what became of it.

service "marketplace" { policy = "write" }
service "accounts" { policy = "read" }
service "laptops" { policy = "read" }
service "notifications" { policy = "read" }
service "orders" { policy = "read" }
service "ports" { policy = "read" }
service "recommendations" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/marketplace/" { policy = "read" }
