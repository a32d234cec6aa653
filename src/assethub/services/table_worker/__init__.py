"""The process that decodes tables: it reads what it is handed, within a limit of memory, and may die of it."""
