"""Tests of the plan compiler."""
