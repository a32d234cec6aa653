"""Rows: the schema, its migrations, and the queries of each noun."""
