"""An incident's life: what can happen, what may be asked, what follows, what is still owed."""
