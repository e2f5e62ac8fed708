#!/usr/bin/env python3
"""Times single calls of the program against samtools: a process for each range, record or release list.

  one_shot.py FASTA... [--talaria PROGRAM] [--scratch DIR] [--runs 200]

The files are ingested in their order, one release each; the first and the last are compared with `samtools faidx` on the file
as bgzip makes it. Of each: 1 kb at 100,000 of its longest sequence, and its shortest record. The commands take turns, the page
cache is warm, and output goes to /dev/null after it has been compared. Medians in ms. Needs samtools and bgzip. Python 3.8+,
standard library only.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measure import run


def duration(command):
    """ms from the start of a process to its end"""
    null = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=null)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        sys.exit(f'{" ".join(command)}: status {status}')
    return (time.perf_counter() - start) * 1000


def medians(commands, runs):
    times = [[] for _ in commands]
    for _ in range(runs):
        for taken, command in zip(times, commands):
            taken.append(duration(command))
    return [statistics.median(taken) for taken in times]


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def letters(fasta):
    """the sequence of one record, whatever the length of its lines"""
    return b''.join(fasta.split(b'\n')[1:])


def index_of(packed):
    """(name, length) of each sequence"""
    with open(packed + '.fai') as f:
        return [(line.split('\t')[0], int(line.split('\t')[1])) for line in f]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('files', nargs='+')
    parser.add_argument('--talaria', default='build/release/talaria')
    parser.add_argument('--scratch', help='a folder for the repository (default: a temporary one)')
    parser.add_argument('--runs', type=int, default=200)
    args = parser.parse_args()
    samtools = shutil.which('samtools')
    if not samtools or not shutil.which('bgzip'):
        sys.exit('samtools and bgzip are needed: scripts/setup --bench --tests')
    scratch = tempfile.mkdtemp(dir=args.scratch)
    talaria = [os.path.abspath(args.talaria), '--repo', os.path.join(scratch, 'repo')]
    try:
        run(talaria + ['init'])
        for i, path in enumerate(args.files, 1):
            run(talaria + ['ingest', path, '--release', f'files@{i}'])
        print('| | talaria | samtools faidx |\n|---|---|---|')
        for i in sorted({1, len(args.files)}):
            packed = os.path.join(scratch, f'{i}.fa.gz')
            with open(packed, 'wb') as f:
                subprocess.run(['bgzip', '-c', args.files[i - 1]], stdout=f, check=True)
            run([samtools, 'faidx', packed])
            sequences = index_of(packed)
            longest = max(sequences, key=lambda s: s[1])[0]
            shortest = min(sequences, key=lambda s: s[1])[0]
            wanted = [(f'1 kb of a long sequence, file {i}', f'{longest}:100000-101000'),
                      (f'a record, file {i}', shortest)]
            for what, place in wanted:
                ours = talaria + ['get', place, '--release', f'files@{i}']
                theirs = [samtools, 'faidx', packed, place]
                if letters(output(ours)) != letters(output(theirs)):
                    sys.exit(f'{place}: the outputs differ')
                times = medians([ours, theirs], args.runs)
                print(f'| {what} | {times[0]:.2f} | {times[1]:.2f} |')
        for what, command in [('`releases`', ['releases']), ('`--version`', ['--version'])]:
            print(f'| {what} | {medians([talaria + command], args.runs)[0]:.2f} | |')
    finally:
        shutil.rmtree(scratch)


if __name__ == '__main__':
    main()
