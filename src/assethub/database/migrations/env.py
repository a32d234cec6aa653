"""Runs migrations on the connection that assethub.database.engine.migrate holds."""

from alembic import context

from assethub.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
