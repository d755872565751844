"""Which orders a caller may see. The rule lives in ERP; CRM's readers know it by this name."""

from server.erp.orders.access import is_customer, sees_prices, visible_orders

__all__ = ["is_customer", "sees_prices", "visible_orders"]
