"""Releases, and the size of each photo's file, by which moved ones are found quickly."""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("images") as table:
        table.add_column(sa.Column("bytes", sa.BigInteger(), nullable=True))

    op.create_table(
        "releases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("fingerprints", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("summary", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("pseudonym_key", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_releases_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_releases_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("name", name=op.f("uq_releases_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("releases") as table:
        table.create_index(table.f("ix_releases_campaign_id"), ["campaign_id"])
        table.create_index(table.f("ix_releases_dataset_id"), ["dataset_id"])


def downgrade() -> None:
    op.drop_table("releases")
    with op.batch_alter_table("images") as table:
        table.drop_column("bytes")
