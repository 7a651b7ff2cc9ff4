"""Other libraries as clients and servers. Each module needs what ``peers.txt`` names, and is loaded where that is."""
