"""Reading and writing files of rows: CSV and its relatives, Excel, Parquet, JSON Lines."""

from zhike.exchange.files.opening import open_file
from zhike.exchange.files.refused import ending, write_refused
from zhike.exchange.files.table import ROW, Batch, Limits, Reading, RefusedRow, Table

__all__ = ["ROW", "Batch", "Limits", "Reading", "RefusedRow", "Table", "ending", "open_file", "write_refused"]
