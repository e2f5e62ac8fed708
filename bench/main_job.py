#!/usr/bin/env python3
"""Measures the main job of Talaria beside its peers, and prints a table.

  main_job.py --input FIRST.fasta [--next NEXT.fasta] [--large LARGE.fasta] [--talaria PROGRAM] [--random-reads PROGRAM]
              [--runs 5] [--peers] [--scratch DIR] [--json FILE]

FIRST is one release of a protein database (the figures in docs/performance.md: the first of the twelve releases
of Swiss-Prot size, 208 MB). It is read once before each step, so that it is in the page cache. Medians of RUNS.
NEXT is the release after it, most of which is known. --peers also runs restic and borg on the same files, in the same
rounds. Python 3.8+, standard library only.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from measure import BackupPeer, folder_size, run, warm


class Series:
    """Values by name, gathered over the rounds."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.values[name])


def talaria_round(args, size, series, scratch):
    repo = os.path.join(scratch, 'repo')
    shutil.rmtree(repo, ignore_errors=True)
    talaria = [args.talaria, '--repo', repo, '--quiet']
    run(talaria + ['init'])
    warm(args.input)
    seconds, memory = run(talaria + ['ingest', args.input, '--release', 'bench@1'])
    series.add('ingest_s', seconds)
    series.add('ingest_memory_mb', memory)
    first = folder_size(repo)
    series.add('repository_mb', first / 1e6)
    warm(args.input)
    series.add('same_s', run(talaria + ['ingest', args.input, '--release', 'bench@2'])[0])
    series.add('same_growth_percent', 100 * (folder_size(repo) - first) / first)
    if args.next:
        warm(args.next)
        before = folder_size(repo)
        series.add('next_s', run(talaria + ['ingest', args.next, '--release', 'bench@3'])[0])
        series.add('next_growth_mb', (folder_size(repo) - before) / 1e6)
    out = os.path.join(scratch, 'out.fasta')
    with open(os.devnull, 'wb') as null:
        series.add('export_s', run(talaria + ['export', 'bench@1'], stdout=null)[0])
    run(talaria + ['export', 'bench@1', '-o', out])
    if subprocess.run(['cmp', '-s', out, args.input]).returncode != 0:
        sys.exit('the export differs from the input')
    os.remove(out)
    with open(args.input, 'rb') as f:
        f.seek(size // 2)
        f.readline()
        header = next(line for line in f if line.startswith(b'>'))
    accession = re.split(rb'[|\s]', header[1:].strip())[0].decode()
    series.add('get_ms', 1000 * run(talaria + ['get', accession])[0])
    stats = json.loads(subprocess.run(talaria + ['stats', '--json'], capture_output=True, check=True).stdout)
    residues = stats['residues']  # that a verification reads
    for threads in (1, 2):
        seconds = run(talaria + ['--threads', str(threads), 'verify'])[0]
        series.add(f'verify_{threads}_s', seconds)
        series.add(f'verify_{threads}_mb_s', residues / 1e6 / seconds)
    if args.random_reads:
        result = subprocess.run([args.random_reads, repo], capture_output=True, check=True)
        for name, value in json.loads(result.stdout).items():
            series.add(name, value)


def releases_of_fifty(args, series, scratch):
    """open and list a repository of 50 releases"""
    repo = os.path.join(scratch, 'fifty')
    talaria = [args.talaria, '--repo', repo, '--quiet']
    run(talaria + ['init'])
    small = os.path.join(scratch, 'small.fasta')
    for i in range(50):
        with open(small, 'w') as f:
            for j in range(200):
                f.write(f'>R{j}_{i if j % 20 == 0 else 0} record\n{"ACDEFGHIKLMNPQRSTVWY" * (1 + j % 7)}\n')
        run(talaria + ['ingest', small, '--release', f'bench@{i}'])
    for _ in range(max(5, args.runs)):
        series.add('releases_of_50_ms', 1000 * run(talaria + ['releases'])[0])
    shutil.rmtree(repo)


def peers_round(args, series, scratch):
    for name in BackupPeer.installed():
        peer = BackupPeer(name, scratch)
        series.add(f'{name}_ingest_s', peer.ingest(args.input, 'one'))
        series.add(f'{name}_repository_mb', peer.size() / 1e6)
        if args.next:
            series.add(f'{name}_next_s', peer.ingest(args.next, 'two'))
        peer.remove()
    if shutil.which('zstd'):
        packed = os.path.join(scratch, 'packed.zst')
        series.add('zstd3_s', run(['zstd', '-q', '-3', '--long=27', '-f', args.input, '-o', packed])[0])
        series.add('zstd3_mb', os.path.getsize(packed) / 1e6)
        os.remove(packed)


def large(args, series, scratch):
    repo = os.path.join(scratch, 'large')
    talaria = [args.talaria, '--repo', repo, '--quiet']
    run(talaria + ['init'])
    seconds, memory = run(talaria + ['ingest', args.large, '--release', 'large@1'])
    series.add('large_mb_s', os.path.getsize(args.large) / 1e6 / seconds)
    series.add('large_memory_mb', memory)
    shutil.rmtree(repo)


def report(args, size, records, series):
    rows = [
        ('first ingest', f'{size / 1e6 / series.median("ingest_s"):.0f} MB/s, '
                         f'{records / series.median("ingest_s"):,.0f} sequences/s', '150 MB/s, 300,000/s'),
        ('same content as a second release', f'{size / 1e6 / series.median("same_s"):.0f} MB/s, growth '
                                             f'{series.median("same_growth_percent"):.2f}%', '400 MB/s, under 1%'),
        ('export', f'{size / 1e6 / series.median("export_s"):.0f} MB/s', '500 MB/s'),
        ('get of one accession, whole process', f'{series.median("get_ms"):.1f} ms', 'under 50 ms'),
        ('verify, 2 workers', f'{series.median("verify_2_mb_s"):.0f} MB/s of residues, '
                              f'{series.median("verify_1_s") / series.median("verify_2_s"):.2f} times one worker',
         '600 MB/s, 1.8 times'),
        ('repository after the first release', f'{series.median("repository_mb"):.1f} MB', '70 MB'),
        ('memory of the ingest', f'{series.median("ingest_memory_mb"):.0f} MB', '1 GiB'),
        ('releases, 50 of them, whole process', f'{series.median("releases_of_50_ms"):.1f} ms', 'under 30 ms'),
    ]
    for name, title, goal in (
            ('small_cache_per_s', '100,000 random sequences, one by one, cache of 5%', '10,000/s'),
            ('cached_per_s', 'in the cache, one by one', '50,000/s'),
            ('cached_batches_of_64_per_s', 'in the cache, batches of 64', '200,000/s'),
            ('one_batch_per_s', 'all in one batch, cache empty', '300,000/s')):
        if name in series.values:
            rows.append((title, f'{series.median(name):,.0f}/s', goal))
    if 'large_memory_mb' in series.values:
        rows.append((f'ingest of {os.path.getsize(args.large) / 1e9:.1f} GB', f'{series.median("large_mb_s"):.0f} MB/s, '
                     f'{series.median("large_memory_mb"):.0f} MB of memory', 'memory as before'))
    if 'next_s' in series.values:
        next_size = os.path.getsize(args.next)
        rows.insert(2, ('the next release', f'{next_size / 1e6 / series.median("next_s"):.0f} MB/s, growth '
                                            f'{series.median("next_growth_mb"):.1f} MB', ''))
        for peer in ('restic', 'borg'):
            if f'{peer}_next_s' in series.values:
                rows.append((f'{peer}, the next release',
                             f'{next_size / 1e6 / series.median(f"{peer}_next_s"):.0f} MB/s', ''))
    for peer in ('restic', 'borg'):
        if f'{peer}_ingest_s' in series.values:
            rows.append((f'{peer}, first ingest', f'{size / 1e6 / series.median(f"{peer}_ingest_s"):.0f} MB/s, '
                         f'{series.median(f"{peer}_repository_mb"):.1f} MB', ''))
    if 'zstd3_s' in series.values:
        rows.append(('zstd -3 --long=27', f'{size / 1e6 / series.median("zstd3_s"):.0f} MB/s, '
                     f'{series.median("zstd3_mb"):.1f} MB', ''))
    print('| figure | measured | at least |\n|---|---|---|')
    for row in rows:
        print('| ' + ' | '.join(row) + ' |')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'build', 'release')
    parser.add_argument('--input', required=True)
    parser.add_argument('--next')
    parser.add_argument('--large')
    parser.add_argument('--talaria', default=os.path.join(here, 'talaria'))
    parser.add_argument('--random-reads', default=os.path.join(here, 'bench', 'random_reads'))
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--peers', action='store_true')
    parser.add_argument('--scratch')
    parser.add_argument('--json')
    args = parser.parse_args()
    if not os.path.exists(args.random_reads):
        args.random_reads = None
    size = os.path.getsize(args.input)
    with open(args.input, 'rb') as f:
        records = sum(1 for line in f if line.startswith(b'>'))
    series = Series()
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        for i in range(args.runs):
            print(f'round {i + 1} of {args.runs}', file=sys.stderr)
            talaria_round(args, size, series, scratch)
            if args.peers:
                peers_round(args, series, scratch)
        releases_of_fifty(args, series, scratch)
        if args.large:
            large(args, series, scratch)
    report(args, size, records, series)
    if args.json:
        with open(args.json, 'w') as f:
            json.dump(series.values, f, indent=1)


if __name__ == '__main__':
    main()
