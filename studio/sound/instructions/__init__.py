"""Instructions in English and Polish as steps of an audio edit: a grammar for the common ones, no model needed."""

from studio.sound.instructions.plan import Plan, plan

__all__ = ["Plan", "plan"]
