"""What happened in one service, told to others: never lost, in order, and handled once however often it comes."""
