#!/usr/bin/env python3
"""Stores whole series of releases through the command line and prints what each further release costs.

  series.py FOLDER... [--talaria PROGRAM] [--scratch DIR] [--options="--memory 2GiB"] [--json FILE]
            [--skip restic,borg,zstd,xz,export] [--no-reference]

A FOLDER holds one series: the *.fasta in it are its releases, in the order of their names, as release_series.py of the
corpus makes them. For each: the releases are ingested in order, each by a process of its own; every release is exported
and compared byte for byte; the bytes of the repository are counted by kind of file after each. "New content" is what
`zstd -19 --long=27` makes of the sequences and header lines that no earlier release has, in the order of the file: the goal
is that a further release costs at most twice that. Peers: restic and borg (zstd,3), a backup for each release; zstd -3 --long=31
and xz -9 of all releases in one stream. Python 3.8+, standard library only.
"""
import argparse
import filecmp
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from measure import BackupPeer, files_below, run, warm

KINDS = ('packs', 'index', 'pages', 'other')


def sizes_by_kind(repo):
    sizes = dict.fromkeys(KINDS, 0)
    for path, size in files_below(repo):
        kind = path.split(os.sep)[0]
        sizes[kind if kind in sizes else 'other'] += size
    return sizes


class Reference:
    """Counts what of a release is new to its series, and compresses it alone."""

    def __init__(self, scratch):
        self.path = os.path.join(scratch, 'new_content')
        self.seen = set()

    def take(self, path):
        """a dict of records, new sequences and headers, and their bytes compressed"""
        counts = {'records': 0, 'new_sequences': 0, 'new_headers': 0}
        header, lines = None, []
        with open(self.path + '_headers', 'wb') as headers, open(self.path + '_sequences', 'wb') as sequences:
            def end_record():
                if header is None:
                    return
                counts['records'] += 1
                if self._is_new(b'>' + header):
                    counts['new_headers'] += 1
                    headers.write(header + b'\n')
                sequence = b''.join(lines).upper()
                if self._is_new(sequence):
                    counts['new_sequences'] += 1
                    sequences.write(sequence + b'\n')

            with open(path, 'rb') as f:
                for line in f:
                    if line.startswith(b'>'):
                        end_record()
                        header, lines = line[1:].rstrip(b'\r\n'), []
                    else:
                        lines.append(line.strip())
            end_record()
        return counts

    def compressed(self):
        """bytes of what was new in the release taken last"""
        total = 0
        for name in (self.path + '_headers', self.path + '_sequences'):
            run(['zstd', '-q', '-19', '--long=27', '-f', name, '-o', name + '.zst'])
            total += os.path.getsize(name + '.zst')
        return total

    def _is_new(self, content):
        digest = hashlib.blake2b(content, digest_size=16).digest()
        before = len(self.seen)
        self.seen.add(digest)
        return len(self.seen) > before


def ingest_all(args, name, files, repo, reference):
    talaria = [args.talaria, '--repo', repo, '--quiet'] + args.options.split()
    run(talaria + ['init'])
    rows = []
    last = sizes_by_kind(repo)
    for i, path in enumerate(files, 1):
        warm(path)
        row = {'file': os.path.basename(path), 'bytes': os.path.getsize(path)}
        row['ingest_s'], row['memory_mb'] = run(talaria + ['ingest', path, '--release', f'{name}@{i}'])
        now = sizes_by_kind(repo)
        row['repository'] = now
        row['growth'] = {kind: now[kind] - last[kind] for kind in KINDS}
        last = now
        if reference:
            row.update(reference.take(path))
            if i > 1:
                row['new_content'] = reference.compressed()
        rows.append(row)
        print(f'{name} {i} of {len(files)}', file=sys.stderr)
    return rows


def check_exports(args, name, files, repo, scratch):
    out = os.path.join(scratch, 'out.fasta')
    times = []
    for i, path in enumerate(files, 1):
        times.append(run([args.talaria, '--repo', repo, '--quiet', 'export', f'{name}@{i}', '-o', out])[0])
        if not filecmp.cmp(out, path, shallow=False):
            sys.exit(f'the export of {path} differs from the input')
        os.remove(out)
    return times


def one_stream(command, files):
    """(seconds, bytes) of a compressor that reads all files one behind the other"""
    start = time.monotonic()
    packer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    feeder = subprocess.Popen(['cat'] + files, stdout=packer.stdin)
    packer.stdin.close()
    size = 0
    while True:
        piece = packer.stdout.read(1 << 20)
        if not piece:
            break
        size += len(piece)
    if feeder.wait() != 0 or packer.wait() != 0:
        sys.exit(f'{" ".join(command)} failed')
    return time.monotonic() - start, size


def measure_peers(skip, files, scratch):
    peers = {}
    for name in BackupPeer.installed():
        if name in skip:
            continue
        peer = BackupPeer(name, scratch)
        times = [peer.ingest(path, f'r{i}') for i, path in enumerate(files)]
        peers[name] = {'ingest_s': times, 'bytes': peer.size()}
        peer.remove()
    for name, command in (('zstd', ['zstd', '-q', '-3', '--long=31', '-c']), ('xz', ['xz', '-9', '-c'])):
        if name not in skip and shutil.which(name):
            seconds, size = one_stream(command, files)
            peers[name] = {'seconds': seconds, 'bytes': size}
    return peers


def measure(args, folder):
    name = os.path.basename(os.path.normpath(folder))
    files = sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith('.fasta'))
    if not files:
        sys.exit(f'{folder} has no *.fasta')
    scratch = tempfile.mkdtemp(dir=args.scratch)
    try:
        repo = os.path.join(scratch, 'repo')
        reference = None if args.no_reference or not shutil.which('zstd') else Reference(scratch)
        result = {'series': name, 'releases': ingest_all(args, name, files, repo, reference)}
        if 'export' not in args.skip:
            result['export_s'] = check_exports(args, name, files, repo, scratch)
        shutil.rmtree(repo)
        result['peers'] = measure_peers(args.skip, files, scratch)
        return result
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def mb(size):
    return f'{size / 1e6:.2f}'


def print_series(result):
    rows = result['releases']
    raw = sum(row['bytes'] for row in rows)
    exported = 'every export is what was ingested' if 'export_s' in result else 'exports not compared'
    print(f'\n{result["series"]}: {len(rows)} releases, {raw / 1e6:.1f} MB; {exported}\n')
    print('| release | MB | ingest s | MB/s | growth MB | packs | index | pages | other | new content MB | times |')
    print('|---|---|---|---|---|---|---|---|---|---|---|')
    for i, row in enumerate(rows, 1):
        growth = sum(row['growth'].values())
        new = row.get('new_content')
        print(f'| {i} | {row["bytes"] / 1e6:.1f} | {row["ingest_s"]:.2f} | {row["bytes"] / 1e6 / row["ingest_s"]:.0f} | '
              f'{mb(growth)} | ' + ' | '.join(mb(row['growth'][kind]) for kind in KINDS) +
              (f' | {mb(new)} | {growth / new:.2f} |' if new else ' | | |'))
    later = [row for row in rows if 'new_content' in row]
    if later:
        growth = sum(sum(row['growth'].values()) for row in later)
        new = sum(row['new_content'] for row in later)
        print(f'| 2 to {len(rows)} | {sum(row["bytes"] for row in later) / 1e6:.1f} | '
              f'{sum(row["ingest_s"] for row in later):.2f} | | {mb(growth)} | ' +
              ' | '.join(mb(sum(row['growth'][kind] for row in later)) for kind in KINDS) +
              f' | {mb(new)} | {growth / new:.2f} |')
    whole = sum(rows[-1]['repository'].values())
    print(f'\nTalaria {mb(whole)} MB' + ''.join(
        f', {name} {mb(peer["bytes"])} MB' for name, peer in result['peers'].items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'build', 'release')
    parser.add_argument('folders', nargs='+', metavar='FOLDER')
    parser.add_argument('--talaria', default=os.path.join(here, 'talaria'))
    parser.add_argument('--scratch', help='a folder for all repositories (default: a temporary one)')
    parser.add_argument('--options', default='', help='options for talaria')
    parser.add_argument('--skip', default='', type=lambda text: text.split(','), help='of restic,borg,zstd,xz,export')
    parser.add_argument('--no-reference', action='store_true', help="don't compress what is new in a release alone")
    parser.add_argument('--json')
    args = parser.parse_args()
    results = []
    for folder in args.folders:
        results.append(measure(args, folder))
        print_series(results[-1])
        sys.stdout.flush()
        if args.json:
            with open(args.json, 'w') as f:
                json.dump(results, f, indent=1)


if __name__ == '__main__':
    main()
