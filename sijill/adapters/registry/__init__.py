"""The registry in PostgreSQL: the steps of the registrar's one transaction, a file each."""
