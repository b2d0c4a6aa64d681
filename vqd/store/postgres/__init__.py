"""The queue on PostgreSQL; imported only where the settings name one."""
