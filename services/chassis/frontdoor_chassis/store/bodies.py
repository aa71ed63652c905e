"""How columns that hold whole messages are stored: lz4 where the server has it, else as they are."""

from collections.abc import Callable, Iterable

COLUMN = """
DO $$ BEGIN
    IF 'lz4' = ANY ((SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression')::text[]) THEN
        EXECUTE 'ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION lz4';
    ELSE
        EXECUTE 'ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL';
    END IF;
END $$
"""


def store_bodies(execute: Callable[[str], object], columns: Iterable[tuple[str, str]]) -> None:
    """For a migration: pairs of table and column. The default, pglz, cost a fifth of the database's time on this path."""
    for table, column in columns:
        execute(COLUMN.format(table=table, column=column))
