#!/usr/bin/env python3
"""Stores a series of genomes through the command line, one release each, and prints what it takes.

  strains.py FASTA... [--talaria PROGRAM] [--scratch DIR] [--options="--delta-depth 4"]

The files are ingested one after the other, each by a process of its own; then every release is exported and compared
with its file, and all is verified. MB/s are of the file, and include the start of the process. Files are read once
before, so that they are in the page cache. Python 3.8+, standard library only.
"""
import argparse
import filecmp
import os
import shutil
import statistics
import sys
import tempfile

from measure import folder_size, run, warm


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('files', nargs='+')
    parser.add_argument('--talaria', default='build/release/talaria')
    parser.add_argument('--scratch', help='a folder for the repository (default: a temporary one)')
    parser.add_argument('--options', default='', help='options for talaria')
    parser.add_argument('--rounds', type=int, default=5, help='exports of the first and the last release')
    args = parser.parse_args()
    scratch = tempfile.mkdtemp(dir=args.scratch)
    repo = os.path.join(scratch, 'repo')
    out = os.path.join(scratch, 'out.fasta')
    talaria = [args.talaria, '--repo', repo, '--quiet'] + args.options.split()
    try:
        run(talaria + ['init'])
        sizes = [folder_size(repo)]
        times = []
        for i, path in enumerate(args.files, 1):
            warm(path)
            times.append(run(talaria + ['ingest', path, '--release', f'strains@{i}'])[0])
            sizes.append(folder_size(repo))
        for i, path in enumerate(args.files, 1):
            run(talaria + ['export', f'strains@{i}', '-o', out])
            if not filecmp.cmp(out, path, shallow=False):
                sys.exit(f'the export of {path} differs from the input')
            os.remove(out)
        verify = run(talaria + ['verify'])[0]
        raw = [os.path.getsize(path) for path in args.files]

        def export(i):
            with open(os.devnull, 'wb') as null:
                return statistics.median(run(talaria + ['export', f'strains@{i}'], stdout=null)[0]
                                         for _ in range(args.rounds))

        rate = lambda i, seconds: raw[i - 1] / 1e6 / seconds
        last = len(raw)
        print(f'{last} files, {sum(raw)} bytes; every export is what was ingested\n')
        print('| | |\n|---|---|')
        print(f'| repository | {sizes[-1]} bytes |')
        print(f'| after the first file | {sizes[1]} bytes |')
        if last > 1:
            print(f'| each of the others | {(sizes[-1] - sizes[1]) // (last - 1)} bytes |')
        print(f'| ingest of the first | {rate(1, times[0]):.0f} MB/s |')
        print(f'| ingest of the last | {rate(last, times[-1]):.0f} MB/s |')
        print(f'| ingest of all | {sum(raw) / 1e6 / sum(times):.0f} MB/s |')
        print(f'| export of the first | {rate(1, export(1)):.0f} MB/s |')
        print(f'| export of the last | {rate(last, export(last)):.0f} MB/s |')
        print(f'| verify | {verify:.2f} s |')
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == '__main__':
    main()
