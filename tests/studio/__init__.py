"""The studio: jobs, limits, residency, models, and where they come from."""
