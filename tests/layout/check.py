#!/usr/bin/env python3
"""Checks sizes, include directions, header guards and wording of the source tree.

usage: check.py ROOT
"""

import os
import re
import sys

SOURCE_SUFFIXES = ('.cc', '.h', '.c', '.S', '.ld')
TEXT_SUFFIXES = SOURCE_SUFFIXES + ('.md', '.py', '.sh', '.bzl', 'BUILD', 'WORKSPACE')
LARGEST_FILE = 400      # Lines of a source file.
LARGEST_FUNCTION = 60   # Lines from a function's first to its closing brace.
LARGEST_IN_TESTS = 100  # The same in tests, where one function may be a whole story.

# What each room may include besides itself; the longest matching prefix speaks.  Whatever is
# listed may be included with all that lies below it.
FLOOR = ['protocols', 'supervisor/base', 'supervisor/arch', 'supervisor/kernel', 'supervisor/image',
         'supervisor/transport', 'supervisor/resource']
ENGINE = FLOOR + ['supervisor/tracee', 'parasite', 'restorer']
ALLOWED = {
    'protocols': [],
    'parasite': ['protocols'],
    'restorer': ['protocols'],
    'supervisor/base': [],
    'supervisor/arch': ['supervisor/base', 'supervisor/image'],
    'supervisor/kernel': ['supervisor/base', 'supervisor/arch', 'protocols'],
    'supervisor/image': ['supervisor/base', 'supervisor/kernel', 'protocols'],
    'supervisor/transport': ['supervisor/base', 'supervisor/kernel', 'supervisor/image',
                             'protocols'],
    'supervisor/resource': ['supervisor/base', 'supervisor/arch', 'supervisor/kernel',
                            'supervisor/image', 'protocols'],
    'supervisor/tracee': FLOOR + ['parasite'],
    'supervisor/checkpoint': ENGINE,
    'supervisor/restore': ENGINE,
    'supervisor/cli': ['supervisor/base', 'supervisor/image', 'supervisor/resource',
                       'supervisor/checkpoint', 'supervisor/restore'],
    'supervisor/main': ['supervisor/cli', 'plugins', 'supervisor/checkpoint', 'supervisor/restore',
                        'supervisor/image', 'supervisor/base', 'supervisor/resource'],
    'plugins': FLOOR,
    'tests': ['protocols', 'parasite', 'restorer', 'supervisor', 'plugins'],
}

# Headers that are slow to compile or throw: how many files may include each.
RATIONED = {'nlohmann': 2, 'CLI/': 2}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
# Spelled so that this file does not find itself.
FORBIDDEN = [
    (re.compile(r'\b(TO' r'DO|FIX' r'ME|X' r'XX)\b'), 'unfinished business'),
    (re.compile(r'(?<![\w.])/(work|root)/' r'|/home/\w+/|/tmp/w' r't/'), 'a path of somebody\'s machine'),
]


def room_of(path):
    """The key of ALLOWED that governs a file, or None."""
    rooms = [room for room in ALLOWED if path.startswith(room + '/')]
    return max(rooms, key=len, default=None)


def check_include(path, target):
    """What is wrong with `path` including the project's file `target`, or None."""
    if target.startswith('tests/'):
        return None if is_test(path) else 'only tests include tests/'
    room = room_of(path)
    if room is None:
        return None
    inside = [room]
    if room == 'plugins' and path.count('/') > 1:
        # A kind sees its own folder only; the list beside the folders sees all.
        inside = ['/'.join(path.split('/')[:2])]
    allowed = inside + ALLOWED[room]
    if any(target.startswith(a + '/') for a in allowed):
        return None
    if is_test(path) and not target.startswith('plugins/'):
        return None  # A test may stand on whatever it needs to set its stage.
    return f'{inside[0]} must not include {target}'


def guard_of(path):
    return re.sub(r'[^A-Za-z0-9]', '_', path).upper() + '_'


def is_test(path):
    return path.startswith('tests/') or re.search(r'_(test|fuzz)\.cc$|/testing/', path)


def long_functions(lines, limit):
    """Yields (line number, length) of too long blocks that begin in column 1."""
    start = None
    for number, line in enumerate(lines, 1):
        opens = line.endswith('{') and not line.startswith((' ', '}', '#', '//'))
        if opens and not re.match(r'(namespace|extern|class|struct|enum|union|constexpr|const|'
                                  r'template|inline constexpr)\b', line):
            start = start or number
        elif opens and line.startswith('template') and '(' in line:
            start = start or number
        elif line.startswith('}'):
            if start and number - start + 1 > limit:
                yield start, number - start + 1
            start = None


def check_source(path, lines):
    if len(lines) > LARGEST_FILE:
        yield f'{path}:1: {len(lines)} lines; at most {LARGEST_FILE}'
    limit = LARGEST_IN_TESTS if is_test(path) else LARGEST_FUNCTION
    for number, length in long_functions(lines, limit):
        yield f'{path}:{number}: a function of {length} lines; at most {limit}'
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match and match.group(1) == '"':
            wrong = check_include(path, match.group(2))
            if wrong:
                yield f'{path}:{number}: {wrong}'
    if path.endswith('.h'):
        guard = guard_of(path)
        text = '\n'.join(lines)
        if f'#ifndef {guard}\n#define {guard}' not in text:
            yield f'{path}:1: wants the include guard {guard}'


def sources(root):
    """Yields (path, lines) of every text file of the tree, by path."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(('.', 'bazel-')))
        for name in sorted(names):
            if not name.endswith(TEXT_SUFFIXES):
                continue
            full = os.path.join(folder, name)
            with open(full, encoding='utf-8', errors='replace') as file:
                yield os.path.relpath(full, root), file.read().splitlines()


def check(root):
    users = {header: [] for header in RATIONED}
    count = 0
    for path, lines in sources(root):
        count += 1
        for number, line in enumerate(lines, 1):
            for pattern, what in FORBIDDEN:
                if pattern.search(line):
                    yield f'{path}:{number}: {what}'
        if not path.endswith(SOURCE_SUFFIXES):
            continue
        yield from check_source(path, lines)
        for header, files in users.items():
            if any(re.match(r'\s*#\s*include\s+[<"]' + header, line) for line in lines):
                files.append(path)
    for header, files in users.items():
        if len(files) > RATIONED[header]:
            yield f'{header} is included by {len(files)} files: {" ".join(files)}'
    if count < 10:
        yield f'{root}: only {count} files; is this the tree?'


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    failures = list(check(sys.argv[1]))
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
