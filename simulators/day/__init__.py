"""A factory day: operators at every station, working through the orders that the server has for them."""
