# Its pages are made of laptops, their ports, and recommendations; accounts know who logs in there, and orders what is bought.

service "marketplace" { policy = "write" }
service "accounts" { policy = "read" }
service "laptops" { policy = "read" }
service "orders" { policy = "read" }
service "ports" { policy = "read" }
service "recommendations" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/marketplace/" { policy = "read" }
