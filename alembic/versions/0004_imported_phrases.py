"""Phrases that an import brought name it, as sentences and regions do: readers see them once it has finished."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with _numbers_kept(), op.batch_alter_table("phrases", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("import_id", sa.Integer(), nullable=True))
        table.create_foreign_key(table.f("fk_phrases_import_id_imports"), "imports", ["import_id"], ["id"])


def downgrade() -> None:
    with _numbers_kept(), op.batch_alter_table("phrases", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(table.f("fk_phrases_import_id_imports"), type_="foreignkey")
        table.drop_column("import_id")


@contextmanager
def _numbers_kept() -> Iterator[None]:
    """SQLite copies the table, and would give the numbers of deleted phrases again."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        yield
        return
    last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'phrases'"))
    yield
    connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'phrases'"))
    connection.execute(sa.text("INSERT INTO sqlite_sequence VALUES ('phrases', :last)"), {"last": last or 0})
