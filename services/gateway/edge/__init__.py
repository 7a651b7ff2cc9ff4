"""What a gateway does for strangers beside leading them on: it counts them, names their requests, writes them down."""
