"""What shoppers did, and the searches they did it in: recorded, counted, forgotten."""
