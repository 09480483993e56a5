"""A whole local stack under load while its processes are killed and paused, and how late it gets.

The load is a client written from the contract alone; what it asked and what it was answered is in
its journal. The checker is a process of its own that imports nothing of Muster: it reads the
journal, reads the log by SQL, and computes from the moments stored in events what should have
happened by when. The journal, the evidence and the chain are those of `benchmarks.torture`.
"""
