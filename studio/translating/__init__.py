"""Translation by segments: checked, retried, with a glossary and a memory, and whole documents that keep their form."""
