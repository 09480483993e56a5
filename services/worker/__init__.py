"""The worker: the workflows of incidents, and their activities."""
