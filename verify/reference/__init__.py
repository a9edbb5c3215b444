"""What the source framework computes: scripts that run it, their answers and their inputs."""
