"""Invoices from shipments, payments, credit, and what an order really earned."""
