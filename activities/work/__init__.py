"""Work off what incidents owe: which work, when, how much at once, and what if it fails."""
