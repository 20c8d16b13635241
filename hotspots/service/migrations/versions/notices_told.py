"""By which ways somebody was told how a scheduled job has ended."""

import sqlalchemy as sa
from alembic import op

revision = "notices_told"
down_revision = "first_tables"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "notices_told",
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("way", sa.String(length=80), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["label", "due_at"],
            ["scheduled_runs.label", "scheduled_runs.due_at"],
            name="fk_notices_told_label_due_at_scheduled_runs",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("label", "due_at", "way", name="pk_notices_told"),
    )
