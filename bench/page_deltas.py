#!/usr/bin/env python3
"""Measures what the page files of a series of releases take, and what reading them back costs.

  page_deltas.py [--talaria PROGRAM] [--chain 8] [--runs 5] [--scratch DIR] RELEASE.fasta...

Ingests the files in their order as releases of one database, once with --page-chain 0 and once with --chain, and
prints bytes of page files and times of export, first and last release by turns, as a table. Python 3.8+.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

from measure import run


def seconds(command):
    return run(command)[0]


def measure(args, scratch, chain):
    repo = os.path.join(scratch, f'chain_{chain}')
    talaria = [args.talaria, '--repo', repo, '--quiet', '--page-chain', str(chain)]
    seconds(talaria + ['init'])
    ingest = [seconds(talaria + ['ingest', path, '--release', f'bench@{i}']) for i, path in enumerate(args.releases)]
    last = len(args.releases) - 1
    times = {0: [], last: []}
    for _ in range(args.runs):
        for i in times:
            times[i].append(seconds(talaria + ['export', f'bench@{i}']) / os.path.getsize(args.releases[i]))
    stats = json.loads(subprocess.run(talaria + ['stats', '--json'], check=True, capture_output=True).stdout)
    export = {i: statistics.median(values) for i, values in times.items()}
    return {'page_bytes': stats['page_bytes'], 'repository_bytes': stats['repository_bytes'],
            'ingest_s': statistics.median(ingest[1:] or ingest), 'export_last_to_first': export[last] / export[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'build', 'release')
    parser.add_argument('releases', nargs='+')
    parser.add_argument('--talaria', default=os.path.join(here, 'talaria'))
    parser.add_argument('--chain', type=int, default=8)
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--scratch')
    args = parser.parse_args()
    print('| chain | page files | repository | ingest of a later release | export a byte, last to first |\n|---|---|---|---|---|')
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        for chain in (0, args.chain):
            m = measure(args, scratch, chain)
            print(f'| {chain} | {m["page_bytes"]:,} B | {m["repository_bytes"] / 1e6:.1f} MB | {m["ingest_s"]:.2f} s | '
                  f'{m["export_last_to_first"]:.2f} |', flush=True)


if __name__ == '__main__':
    main()
