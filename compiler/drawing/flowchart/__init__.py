"""The flowchart of a plan, as a picture and as Mermaid text."""
