// The spec that "Create Example Spec" opens: small, valid, and with the two things that make it a job on a cluster.

export const EXAMPLE_SPEC = `# A job described as services: hpc-compose turns it into one Slurm batch script.
name: hello
x-slurm:
  job_name: hello
  time: "00:10:00"
  nodes: 1
  cpus_per_task: 2
  mem: 4G
  # A directory that compute nodes see too, as home directories usually are. Images are imported into it once.
  cache_dir: ~/.cache/hpc-compose
services:
  app:
    image: docker.io/library/python:3.12-slim
    command: python -c "print('hello from the cluster')"
`;
