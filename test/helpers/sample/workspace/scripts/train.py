"""Stands for the training loop; the demo never runs it."""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--checkpoints", required=True)
print(f"training, checkpoints go to {parser.parse_args().checkpoints}", flush=True)
