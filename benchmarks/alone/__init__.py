"""The limits: each runs one part without Hearth around it."""
