"""What runs describe is called `frames`, as the command says it: `frame` before."""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

runs = sa.table("runs", sa.column("id", sa.Integer), sa.column("options", sa.JSON))


def upgrade() -> None:
    _rename("frame", "frames")


def downgrade() -> None:
    _rename("frames", "frame")


def _rename(old: str, new: str) -> None:
    connection = op.get_bind()
    for number, options in connection.execute(sa.select(runs.c.id, runs.c.options)).all():
        if options.get("on") == old:
            connection.execute(runs.update().where(runs.c.id == number).values(options={**options, "on": new}))
