# Asks ports what fits.

service "laptops" { policy = "write" }
service "ports" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/laptops/" { policy = "read" }
