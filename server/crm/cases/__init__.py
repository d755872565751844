"""Cases: what a customer complains of, from his first message until it is put right."""
