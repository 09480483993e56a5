"""The rules that a plan is checked by; each looks at the whole plan."""
