# Has laptops reserved and paid, tells notifications and recommendations, and asks accounts by which keys tokens are signed.

service "orders" { policy = "write" }
service "accounts" { policy = "read" }
service "laptops" { policy = "read" }
service "notifications" { policy = "read" }
service "payments" { policy = "read" }
service "recommendations" { policy = "read" }
# An instance is shown only to those who may read the node that it is registered at.
node_prefix "" { policy = "read" }
key_prefix "mesh/orders/" { policy = "read" }
