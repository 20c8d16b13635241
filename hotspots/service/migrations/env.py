"""How Alembic runs a step: on the connection that it is handed, within that transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    render_as_batch=True,  # SQLite changes a column by making its table anew
)
context.run_migrations()
