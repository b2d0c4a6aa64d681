"""Room: who may run a prompt, where machines share a queue. Procrastinate, without its loop."""
