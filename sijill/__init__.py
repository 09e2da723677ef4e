"""Sijill: an event-driven integration hub for a unified social-protection registry."""
