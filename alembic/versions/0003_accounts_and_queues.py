"""Accounts (roles, invitations, sessions), campaigns for everyone, and assignments that go back to the queue."""

import sqlalchemy as sa

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("annotators", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("role", sa.String(), nullable=False, server_default="annotator"))
        table.add_column(sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
        table.create_check_constraint(table.f("ck_annotators_role"), "role IN ('annotator', 'reviewer', 'owner')")
    with op.batch_alter_table("annotators", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("role", server_default=None)

    for name, used in (("invitations", "used_at"), ("web_sessions", "seen_at")):
        op.create_table(
            name,
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("annotator_id", sa.Integer(), nullable=False),
            sa.Column("token_hash", sa.String(), nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column(used, sa.DateTime(timezone=True), nullable=name == "invitations"),
            sa.ForeignKeyConstraint(
                ["annotator_id"], ["annotators.id"], name=op.f(f"fk_{name}_annotator_id_annotators"), ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint("token_hash", name=op.f(f"uq_{name}_token_hash")),
        )
        with op.batch_alter_table(name) as table:
            table.create_index(table.f(f"ix_{name}_annotator_id"), ["annotator_id"])

    with op.batch_alter_table("campaigns", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("overlap", existing_type=sa.Integer(), nullable=True)
    campaigns = sa.table("campaigns", sa.column("overlap", sa.Integer()), sa.column("blind", sa.Boolean()))
    # until now every annotator was handed every image, and shown nothing of the others'
    op.execute(campaigns.update().values(overlap=None, blind=True))

    with op.batch_alter_table("assignments") as table:
        table.add_column(sa.Column("reserved", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("score", sa.Double(), nullable=True))
        table.drop_constraint(table.f("ck_assignments_state"), type_="check")
        table.create_check_constraint(
            table.f("ck_assignments_state"), "state IN ('open', 'submitted', 'skipped', 'released')"
        )
        table.create_index(table.f("ix_assignments_campaign_id_image_id"), ["campaign_id", "image_id"])
    with op.batch_alter_table("assignments") as table:
        table.alter_column("reserved", server_default=None)


def downgrade() -> None:
    op.execute("UPDATE assignments SET state = 'open' WHERE state = 'released'")
    with op.batch_alter_table("assignments") as table:
        table.drop_index(table.f("ix_assignments_campaign_id_image_id"))
        table.drop_constraint(table.f("ck_assignments_state"), type_="check")
        table.create_check_constraint(table.f("ck_assignments_state"), "state IN ('open', 'submitted', 'skipped')")
        table.drop_column("score")
        table.drop_column("reserved")
    op.execute("UPDATE campaigns SET overlap = 1 WHERE overlap IS NULL")
    with op.batch_alter_table("campaigns", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("overlap", existing_type=sa.Integer(), nullable=False)
    op.drop_table("web_sessions")
    op.drop_table("invitations")
    with op.batch_alter_table("annotators", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint(table.f("ck_annotators_role"), type_="check")
        table.drop_column("left_at")
        table.drop_column("role")
