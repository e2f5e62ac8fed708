#!/usr/bin/env python3
"""Removes the oldest releases of a series, frees what they alone needed, and prints the time and the sizes.

  removal.py FOLDER [--keep N] [--talaria PROGRAM] [--scratch DIR] [--skip restic,borg]

The *.fasta in FOLDER are releases, in the order of their names, as release_series.py of the corpus makes them. All are
ingested, all but the last N (default: half of them) removed; every release that is left is exported and compared. "Fresh" is
a repository into which only those were ingested: what would be the least without writing everything anew. Peers: restic
(forget --prune) and borg (delete, compact), the last release restored from each. Python 3.8+, standard library only.
"""
import argparse
import filecmp
import os
import shutil
import sys
import tempfile

from measure import BackupPeer, folder_size, run, warm


class Talaria:
    name = 'talaria'

    def __init__(self, program, repo):
        self.repo = repo
        self.command = [program, '--repo', repo, '--quiet']
        run(self.command + ['init'])

    def ingest(self, path, tag):
        warm(path)
        return run(self.command + ['ingest', path, '--release', f'db@{tag}'])[0]

    def size(self):
        return folder_size(self.repo)

    def remove_releases(self, tags, _keep):
        """seconds, peak memory in MB"""
        removal, first = run(self.command + ['remove'] + [f'db@{tag}' for tag in tags])
        collection, second = run(self.command + ['gc'])
        return removal + collection, max(first, second)

    def restore(self, tag, _path, out):
        run(self.command + ['export', f'db@{tag}', '-o', out])


class Backup(BackupPeer):
    def remove_releases(self, tags, keep):
        if self.name == 'restic':
            return run(['restic', '-q', '-r', self.repo, 'forget', '--group-by', '', '--keep-last', str(keep), '--prune'],
                       env=self.env)
        deletion, first = run(['borg', 'delete', self.repo] + list(tags), env=self.env)
        compaction, second = run(['borg', 'compact', '--threshold', '0', self.repo], env=self.env)
        return deletion + compaction, max(first, second)

    def restore(self, tag, path, out):
        with open(out, 'wb') as f:
            if self.name == 'restic':
                run(['restic', '-q', '-r', self.repo, 'dump', 'latest', path], env=self.env, stdout=f)
            else:
                run(['borg', 'extract', '--stdout', f'{self.repo}::{tag}', path.lstrip('/')], env=self.env, stdout=f)


def measure(store, files, tags, keep, scratch):
    """one line of the table"""
    for path, tag in zip(files, tags):
        store.ingest(path, tag)
    before = store.size()
    seconds, memory = store.remove_releases(tags[:-keep], keep)
    after = store.size()
    out = os.path.join(scratch, 'out')
    kept = list(zip(files, tags))[-keep:]
    for path, tag in kept if store.name == 'talaria' else kept[-1:]:
        store.restore(tag, path, out)
        if not filecmp.cmp(out, path, shallow=False):
            sys.exit(f'{store.name}: {path} came back otherwise')
    return f'| {store.name} | {before / 1e6:.2f} | {after / 1e6:.2f} | {seconds:.2f} | {memory:.0f} |'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'build', 'release')
    parser.add_argument('folder')
    parser.add_argument('--keep', type=int)
    parser.add_argument('--talaria', default=os.path.join(here, 'talaria'))
    parser.add_argument('--scratch', help='a folder for all repositories (default: a temporary one)')
    parser.add_argument('--skip', default='', type=lambda text: text.split(','), help='of restic,borg')
    args = parser.parse_args()
    folder = os.path.abspath(args.folder)
    files = sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith('.fasta'))
    keep = args.keep or len(files) // 2
    if not 0 < keep < len(files):
        sys.exit(f'--keep: from 1 to {len(files) - 1}')
    tags = [f'r{i:02}' for i in range(1, len(files) + 1)]
    scratch = tempfile.mkdtemp(dir=args.scratch)
    try:
        print('| | before MB | after MB | removal s | memory MB |\n|---|---|---|---|---|')
        print(measure(Talaria(args.talaria, os.path.join(scratch, 'repo')), files, tags, keep, scratch), flush=True)
        fresh = Talaria(args.talaria, os.path.join(scratch, 'fresh'))
        for path, tag in list(zip(files, tags))[-keep:]:
            fresh.ingest(path, tag)
        print(f'| fresh | | {fresh.size() / 1e6:.2f} | | |', flush=True)
        for name in BackupPeer.installed():
            if name not in args.skip:
                peer = Backup(name, scratch)
                print(measure(peer, files, tags, keep, scratch), flush=True)
                peer.remove()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == '__main__':
    main()
