"""What the scripts that measure the program share: running commands, sizes, and the peers. Python 3.8+, standard library
only."""
import os
import shutil
import subprocess
import sys
import time


def run(command, **kwargs):
    """(seconds, peak memory in MB) of a command that must succeed"""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=kwargs.get('stdout', subprocess.DEVNULL), stderr=subprocess.PIPE,
                               env=kwargs.get('env'))
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    elapsed = time.monotonic() - start
    if status != 0:
        sys.exit(f'{" ".join(command)}: status {status}\n{error.decode()[-2000:]}')
    return elapsed, usage.ru_maxrss / 1024


def warm(path):
    """into the page cache; and nothing that was written before waits for the disk"""
    os.sync()
    with open(path, 'rb') as f:
        while f.read(1 << 24):
            pass


def files_below(path):
    """(path below it, bytes) of each file"""
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            yield os.path.relpath(full, path), os.path.getsize(full)


def folder_size(path):
    return sum(size for _, size in files_below(path))


class BackupPeer:
    """restic or borg with a repository of its own below a scratch folder"""
    commands = {
        'restic': (['restic', '-q', '-r', 'REPO', 'init'], ['restic', '-q', '-r', 'REPO', 'backup', 'FILE']),
        'borg': (['borg', 'init', '-e', 'none', 'REPO'],
                 ['borg', 'create', '-C', 'zstd,3', 'REPO::TAG', 'FILE']),
    }

    def __init__(self, name, scratch):
        self.name = name
        self.repo = os.path.join(scratch, name)
        self.env = dict(os.environ, RESTIC_PASSWORD='x', BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK='yes',
                        RESTIC_CACHE_DIR=os.path.join(scratch, 'cache'),
                        BORG_BASE_DIR=os.path.join(scratch, 'borgbase'))
        shutil.rmtree(self.repo, ignore_errors=True)
        self._run(self.commands[name][0], {'REPO': self.repo})

    @classmethod
    def installed(cls):
        return [name for name in cls.commands if shutil.which(name)]

    def ingest(self, path, tag):
        """seconds"""
        warm(path)
        return self._run(self.commands[self.name][1], {'REPO': self.repo, 'FILE': path, 'TAG': tag})

    def size(self):
        return folder_size(self.repo)

    def remove(self):
        shutil.rmtree(self.repo)

    def _run(self, command, words):
        filled = []
        for word in command:
            for key, value in words.items():
                word = word.replace(key, value)
            filled.append(word)
        return run(filled, env=self.env)[0]
