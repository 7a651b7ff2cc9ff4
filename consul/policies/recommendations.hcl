# Asks laptops what there is.

service "recommendations" { policy = "write" }
service "laptops" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/recommendations/" { policy = "read" }
