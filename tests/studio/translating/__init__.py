"""Translation by segments and of documents."""
