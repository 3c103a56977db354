"""The engines, and the parts they share."""
