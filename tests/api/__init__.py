"""Tests of the HTTP API through the clients that others wrote, against real servers."""
