"""The program in the middle: takes events in, moves the ERP, shows the customer his order."""
