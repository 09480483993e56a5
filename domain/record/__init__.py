"""The log as a matter of its own: what is known of its proof."""
