"""Products as the shop describes them, kept in a SQL store."""
