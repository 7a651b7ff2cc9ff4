"""A real RabbitMQ for the tests: one broker a run, a virtual host for whoever asks."""
