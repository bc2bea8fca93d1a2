"""the tables"""

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "annotators",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotators")),
        sa.UniqueConstraint("name", name=op.f("uq_annotators_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "datasets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("name", name=op.f("uq_datasets_name")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("summary", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'finished', 'failed')", name=op.f("ck_imports_state")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_imports_dataset_id_datasets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("imports") as table:
        table.create_index(table.f("ix_imports_dataset_id"), ["dataset_id"])

    op.create_table(
        "images",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("frame_width", sa.Integer(), nullable=True),
        sa.Column("frame_height", sa.Integer(), nullable=True),
        sa.CheckConstraint("(frame_width IS NULL) = (frame_height IS NULL)", name=op.f("ck_images_frame")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_images_size")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_images_dataset_id_datasets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_images_import_id_imports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("dataset_id", "key", name=op.f("uq_images_dataset_id_key")),
    )
    with op.batch_alter_table("images") as table:
        table.create_index(table.f("ix_images_dataset_id_split"), ["dataset_id", "split"])
        table.create_index(table.f("ix_images_import_id"), ["import_id"])
        table.create_index(table.f("ix_images_sha256"), ["sha256"])

    op.create_table(
        "region_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("proposer", sa.String(), nullable=True),
        sa.Column("provenance", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('frame', 'proposer', 'import', 'campaign')", name=op.f("ck_region_sets_kind")),
        sa.CheckConstraint("state IN ('running', 'finished', 'failed')", name=op.f("ck_region_sets_state")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_region_sets_dataset_id_datasets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_region_sets_import_id_imports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region_sets")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_region_sets_dataset_id_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("region_sets") as table:
        table.create_index(table.f("ix_region_sets_import_id"), ["import_id"])

    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("region_set_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("overlap", sa.Integer(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("guidelines", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("overlap >= 1", name=op.f("ck_campaigns_overlap")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_campaigns_dataset_id_datasets")),
        sa.ForeignKeyConstraint(
            ["region_set_id"], ["region_sets.id"], name=op.f("fk_campaigns_region_set_id_region_sets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_campaigns_dataset_id_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("campaigns") as table:
        table.create_index(table.f("ix_campaigns_region_set_id"), ["region_set_id"])

    op.create_table(
        "checkpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("region_set_id", sa.Integer(), nullable=False),
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("provenance", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'finished', 'failed')", name=op.f("ck_checkpoints_state")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_checkpoints_dataset_id_datasets")),
        sa.ForeignKeyConstraint(
            ["region_set_id"], ["region_sets.id"], name=op.f("fk_checkpoints_region_set_id_region_sets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoints")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("checkpoints") as table:
        table.create_index(table.f("ix_checkpoints_dataset_id_backend"), ["dataset_id", "backend"])
        table.create_index(table.f("ix_checkpoints_region_set_id"), ["region_set_id"])

    op.create_table(
        "region_set_images",
        sa.Column("region_set_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_region_set_images_image_id_images"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["region_set_id"],
            ["region_sets.id"],
            name=op.f("fk_region_set_images_region_set_id_region_sets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("region_set_id", "image_id", name=op.f("pk_region_set_images")),
    )
    with op.batch_alter_table("region_set_images") as table:
        table.create_index(table.f("ix_region_set_images_image_id"), ["image_id"])

    op.create_table(
        "regions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region_set_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("width", sa.Double(), nullable=False),
        sa.Column("height", sa.Double(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("raw_box", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_regions_size")),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_regions_image_id_images"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_regions_import_id_imports")),
        sa.ForeignKeyConstraint(
            ["region_set_id"], ["region_sets.id"], name=op.f("fk_regions_region_set_id_region_sets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["replaces_id"], ["regions.id"], name=op.f("fk_regions_replaces_id_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regions")),
    )
    with op.batch_alter_table("regions") as table:
        table.create_index(table.f("ix_regions_image_id"), ["image_id"])
        table.create_index(table.f("ix_regions_region_set_id_image_id"), ["region_set_id", "image_id"])
        table.create_index(
            "ix_regions_replaces_id",
            ["replaces_id"],
            sqlite_where=sa.text("replaces_id IS NOT NULL"),
            postgresql_where=sa.text("replaces_id IS NOT NULL"),
        )

    op.create_table(
        "sentences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_sentences_image_id_images"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_sentences_import_id_imports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sentences")),
        sa.UniqueConstraint("image_id", "number", name=op.f("uq_sentences_image_id_number")),
    )
    with op.batch_alter_table("sentences") as table:
        table.create_index(table.f("ix_sentences_import_id"), ["import_id"])

    op.create_table(
        "assignments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state <> 'skipped' OR reason IS NOT NULL", name=op.f("ck_assignments_reason")),
        sa.CheckConstraint("state IN ('open', 'submitted', 'skipped')", name=op.f("ck_assignments_state")),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotators.id"], name=op.f("fk_assignments_annotator_id_annotators")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_assignments_campaign_id_campaigns"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_assignments_image_id_images")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint(
            "campaign_id", "annotator_id", "image_id", name=op.f("uq_assignments_campaign_id_annotator_id_image_id")
        ),
    )
    with op.batch_alter_table("assignments") as table:
        table.create_index(table.f("ix_assignments_annotator_id"), ["annotator_id"])
        table.create_index(table.f("ix_assignments_image_id"), ["image_id"])

    op.create_table(
        "groundings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sentence_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("chain", sa.String(), nullable=True),
        sa.Column("categories", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("no_box", sa.Boolean(), nullable=False),
        sa.Column("scene", sa.Boolean(), nullable=False),
        sa.CheckConstraint('0 <= "start" AND "start" < "end"', name=op.f("ck_groundings_span")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_groundings_import_id_imports")),
        sa.ForeignKeyConstraint(
            ["sentence_id"], ["sentences.id"], name=op.f("fk_groundings_sentence_id_sentences"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groundings")),
    )
    with op.batch_alter_table("groundings") as table:
        table.create_index(table.f("ix_groundings_import_id"), ["import_id"])
        table.create_index(table.f("ix_groundings_sentence_id"), ["sentence_id"])

    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=True),
        sa.Column("changes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotators.id"], name=op.f("fk_journal_annotator_id_annotators")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_journal_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_journal_image_id_images")),
        sa.ForeignKeyConstraint(["undoes_id"], ["journal.id"], name=op.f("fk_journal_undoes_id_journal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_journal_operation_id")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_journal_undoes_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("journal") as table:
        table.create_index(table.f("ix_journal_annotator_id"), ["annotator_id"])
        table.create_index(table.f("ix_journal_campaign_id"), ["campaign_id"])
        table.create_index(table.f("ix_journal_image_id_annotator_id"), ["image_id", "annotator_id"])

    op.create_table(
        "phrases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'submitted', 'accepted', 'rejected')", name=op.f("ck_phrases_state")),
        sa.ForeignKeyConstraint(["annotator_id"], ["annotators.id"], name=op.f("fk_phrases_annotator_id_annotators")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_phrases_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_phrases_region_id_regions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phrases")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("phrases") as table:
        table.create_index(table.f("ix_phrases_annotator_id"), ["annotator_id"])
        table.create_index(table.f("ix_phrases_campaign_id_annotator_id"), ["campaign_id", "annotator_id"])
        table.create_index(table.f("ix_phrases_region_id"), ["region_id"])

    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("region_set_id", sa.Integer(), nullable=False),
        sa.Column("checkpoint_id", sa.Integer(), nullable=True),
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("provenance", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'finished', 'failed')", name=op.f("ck_runs_state")),
        sa.ForeignKeyConstraint(["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_runs_checkpoint_id_checkpoints")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_runs_dataset_id_datasets")),
        sa.ForeignKeyConstraint(["region_set_id"], ["region_sets.id"], name=op.f("fk_runs_region_set_id_region_sets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("runs") as table:
        table.create_index(table.f("ix_runs_checkpoint_id"), ["checkpoint_id"])
        table.create_index(table.f("ix_runs_dataset_id_split"), ["dataset_id", "split"])
        table.create_index(table.f("ix_runs_region_set_id"), ["region_set_id"])

    op.create_table(
        "captions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("log_probability", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_captions_image_id_images")),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_captions_region_id_regions")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_captions_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_captions")),
    )
    with op.batch_alter_table("captions") as table:
        table.create_index(table.f("ix_captions_image_id"), ["image_id"])
        table.create_index(table.f("ix_captions_region_id"), ["region_id"])
        table.create_index(table.f("ix_captions_run_id_image_id"), ["run_id", "image_id"])

    op.create_table(
        "evaluations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("values", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_evaluations_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
    with op.batch_alter_table("evaluations") as table:
        table.create_index(table.f("ix_evaluations_run_id"), ["run_id"])

    op.create_table(
        "grounding_regions",
        sa.Column("grounding_id", sa.Integer(), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grounding_id"],
            ["groundings.id"],
            name=op.f("fk_grounding_regions_grounding_id_groundings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_grounding_regions_region_id_regions")),
        sa.PrimaryKeyConstraint("grounding_id", "region_id", name=op.f("pk_grounding_regions")),
    )
    with op.batch_alter_table("grounding_regions") as table:
        table.create_index(table.f("ix_grounding_regions_region_id"), ["region_id"])

    op.create_table(
        "phrase_sources",
        sa.Column("phrase_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["phrase_id"], ["phrases.id"], name=op.f("fk_phrase_sources_phrase_id_phrases"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["source_id"], ["phrases.id"], name=op.f("fk_phrase_sources_source_id_phrases")),
        sa.PrimaryKeyConstraint("phrase_id", "source_id", name=op.f("pk_phrase_sources")),
    )
    with op.batch_alter_table("phrase_sources") as table:
        table.create_index(table.f("ix_phrase_sources_source_id"), ["source_id"])

    op.create_table(
        "run_images",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_run_images_image_id_images")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_images_run_id_runs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "image_id", name=op.f("pk_run_images")),
    )
    with op.batch_alter_table("run_images") as table:
        table.create_index(table.f("ix_run_images_image_id"), ["image_id"])

    op.create_table(
        "snippets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("sentence_id", sa.Integer(), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_snippets_region_id_regions")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_snippets_run_id_runs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sentence_id"], ["sentences.id"], name=op.f("fk_snippets_sentence_id_sentences")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snippets")),
    )
    with op.batch_alter_table("snippets") as table:
        table.create_index(table.f("ix_snippets_region_id"), ["region_id"])
        table.create_index(table.f("ix_snippets_run_id_sentence_id"), ["run_id", "sentence_id"])
        table.create_index(table.f("ix_snippets_sentence_id"), ["sentence_id"])

    op.create_table(
        "suggestions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("region_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("phrase_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("exposure", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "exposure IN ('offered', 'shown', 'accepted', 'edited', 'ignored')", name=op.f("ck_suggestions_exposure")
        ),
        sa.CheckConstraint("region_id IS NOT NULL OR text IS NOT NULL", name=op.f("ck_suggestions_content")),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotators.id"], name=op.f("fk_suggestions_annotator_id_annotators")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name=op.f("fk_suggestions_campaign_id_campaigns")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_suggestions_image_id_images")),
        sa.ForeignKeyConstraint(
            ["phrase_id"], ["phrases.id"], name=op.f("fk_suggestions_phrase_id_phrases"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["region_id"], ["regions.id"], name=op.f("fk_suggestions_region_id_regions")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_suggestions_run_id_runs"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
    )
    with op.batch_alter_table("suggestions") as table:
        table.create_index(table.f("ix_suggestions_annotator_id"), ["annotator_id"])
        table.create_index(table.f("ix_suggestions_campaign_id"), ["campaign_id"])
        table.create_index(table.f("ix_suggestions_image_id"), ["image_id"])
        table.create_index(table.f("ix_suggestions_phrase_id"), ["phrase_id"])
        table.create_index(table.f("ix_suggestions_region_id"), ["region_id"])
        table.create_index(table.f("ix_suggestions_run_id"), ["run_id"])


def downgrade() -> None:
    op.drop_table("suggestions")
    op.drop_table("snippets")
    op.drop_table("run_images")
    op.drop_table("phrase_sources")
    op.drop_table("grounding_regions")
    op.drop_table("evaluations")
    op.drop_table("captions")
    op.drop_table("runs")
    op.drop_table("phrases")
    op.drop_table("journal")
    op.drop_table("groundings")
    op.drop_table("assignments")
    op.drop_table("sentences")
    op.drop_table("regions")
    op.drop_table("region_set_images")
    op.drop_table("checkpoints")
    op.drop_table("campaigns")
    op.drop_table("region_sets")
    op.drop_table("images")
    op.drop_table("imports")
    op.drop_table("datasets")
    op.drop_table("annotators")
