"""Tests of the dashboard: handlers called directly on echo engines, then a real browser."""
