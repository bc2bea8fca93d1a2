"""Run by alembic for every command; `vsa_toolkit.db.migrate` hands it a connection that is in a transaction."""

from alembic import context
from vsa_toolkit.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
