"""Products, customers, orders and codes of units from CSV files (docs/howto/import.md)."""

from server.erp.imports.report import ImportReport, RowError
from server.erp.imports.run import KINDS, import_csv

__all__ = ["KINDS", "ImportReport", "RowError", "import_csv"]
