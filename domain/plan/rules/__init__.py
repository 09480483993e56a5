"""The rules that a plan is checked by: one file per topic; each rule looks at the whole plan."""
