"""What lies where: locations, the moves of goods between them, and the balances that follow."""
