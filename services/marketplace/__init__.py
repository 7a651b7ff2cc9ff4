"""The shop: pages for people, made on the server. It keeps nothing but its last good answers."""
