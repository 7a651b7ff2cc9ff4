"""What the web layers of the services share. No service imports another; all may import this."""
