"""HTTP routes: OpenAI-compatible ones under /v1, health, files and jobs; calls the Studio only."""
