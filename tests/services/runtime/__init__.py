"""Tests of what every process is composed of."""
