"""How models that come with Hearth are made, each a command that anyone can run."""
