"""The facts about a gradient under test."""
