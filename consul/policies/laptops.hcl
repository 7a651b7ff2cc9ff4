# Asks ports what fits, tells recommendations, and asks accounts by which keys tokens are signed.

service "laptops" { policy = "write" }
service "accounts" { policy = "read" }
service "ports" { policy = "read" }
service "recommendations" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/laptops/" { policy = "read" }
