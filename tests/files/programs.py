"""The jobs: python programs, run behind PRELUDE; each works in the directory `home`."""

import answering_job

PRELUDE = answering_job.PRELUDE + "home = sys.argv[2]\n"

READER = """
fd = os.open(home + "/data", os.O_RDONLY)
os.lseek(fd, 2, os.SEEK_SET)
await_go()
say(os.read(fd, 100).decode())
"""

WRITER = """
fd = os.open(home + "/data", os.O_RDWR)
os.lseek(fd, 2, os.SEEK_SET)
await_go()
text = os.read(fd, 100).decode()
os.write(fd, b"+")
say(text)
"""

MAPPER = """
fd = os.open(home + "/data", os.O_RDWR)
memory = mmap.mmap(fd, 0)
os.close(fd)
await_go()
text = memory[:10].decode()
memory[0:1] = b"M"
memory.flush()
say(text)
"""

# A copy of its own: nothing else has it mapped.
COPY_ON_WRITE = """
fd = os.open(home + "/data", os.O_RDONLY)
memory = mmap.mmap(fd, 0, access=mmap.ACCESS_COPY)
os.close(fd)
memory[0:1] = b"P"
await_go()
say(memory[:10].decode())
"""

TWO_NAMES = """
os.link(home + "/data", home + "/other")
fds = [os.open(home + "/data", os.O_RDWR), os.open(home + "/other", os.O_RDONLY)]
await_go()
say(str(os.fstat(fds[0]).st_ino == os.fstat(fds[1]).st_ino))
"""

TWO_FILES = """
fds = [os.open(home + "/data", os.O_RDWR), os.open(home + "/locked", os.O_RDWR | os.O_CREAT)]
fcntl.flock(fds[1], fcntl.LOCK_EX)
await_go()
say("never")
"""

MOVED = """
os.mkdir(home + "/cwd")
os.chdir(home + "/cwd")
fd = os.open(home + "/data", os.O_RDWR)
listing = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
mapped = os.open(home + "/mapped", os.O_RDWR | os.O_CREAT)
os.ftruncate(mapped, 4096)
memory = mmap.mmap(mapped, 0)
os.close(mapped)
await_go()
memory[0:3] = b"new"
memory.flush()
links = [os.readlink(f"/proc/self/{name}") for name in ("exe", "cwd", f"fd/{fd}", f"fd/{listing}")]
say(" ".join(links + [os.getcwd()]))
"""

SPARSE = """
fd = os.open(home + "/sparse", os.O_RDWR | os.O_CREAT)
os.unlink(home + "/sparse")
for at in (0, 1 << 30, 3 << 30):
    os.pwrite(fd, b"x" * 5000, at)
os.ftruncate(fd, 4 << 30)
await_go()
st = os.fstat(fd)
right = all(os.pread(fd, 5000, at) == b"x" * 5000 for at in (0, 1 << 30, 3 << 30))
say(f"{st.st_size} {right} {st.st_blocks < 1000}")
"""

OTHER_NAME = """
os.mkdir(home + "/below")
fd = os.open(home + "/data", os.O_RDWR)
os.link(home + "/data", home + "/below/data")
os.unlink(home + "/data")
await_go()
os.write(fd, b"job")
say(os.pread(fd, 100, 0).decode())
"""

# home/lower is a file of a lower layer, home/copied one that is in the upper one because it was written to.
ON_MOUNT = """
def map_file(name, access):
    fd = os.open(home + name, os.O_RDWR if access == mmap.ACCESS_WRITE else os.O_RDONLY)
    memory = mmap.mmap(fd, 0, access=access)
    os.close(fd)
    return memory
lower = os.open(home + "/lower", os.O_RDONLY)
lower_private = map_file("/lower", mmap.ACCESS_COPY)
lower_private[0:1] = b"P"
copied = os.open(home + "/copied", os.O_RDWR)
os.pwrite(copied, b"C", 0)
copied_shared = map_file("/copied", mmap.ACCESS_WRITE)
gone = os.open(home + "/gone", os.O_RDWR | os.O_CREAT)
os.write(gone, b"gone" * 2048)
gone_shared = map_file("/gone", mmap.ACCESS_WRITE)
os.unlink(home + "/gone")
replaced = os.open(home + "/replaced", os.O_RDWR)
os.write(replaced, b"r")
replaced_shared = map_file("/replaced", mmap.ACCESS_WRITE)
os.link(home + "/replaced", home + "/kept")
os.unlink(home + "/replaced")
with open(home + "/replaced", "w") as file:
    file.write("x" * 4096)
os.mkdir(home + "/removed")
os.chdir(home + "/removed")
os.rmdir(home + "/removed")
await_go()
assert os.pread(lower, 5, 0) == b"lower", "lower"
assert lower_private[:5] == b"Power", "lower_private"
os.pwrite(copied, b"XY", 1)
assert copied_shared[:6] == b"CXYied", copied_shared[:6]
copied_shared[0:1] = b"Z"
assert os.pread(copied, 6, 0) == b"ZXYied", "copied"
gone_shared[0:1] = b"G"
assert os.pread(gone, 8, 0) == b"Gonegone", os.pread(gone, 8, 0)
replaced_shared[1:2] = b"E"
assert os.pread(replaced, 3, 0) == b"rEp", "replaced"
with open(home + "/kept", "rb") as file:
    assert file.read(3) == b"rEp", "kept"
with open(home + "/replaced", "rb") as file:
    assert file.read(3) == b"xxx", "the new file"
try:
    raise AssertionError(os.getcwd())
except FileNotFoundError:
    pass
say("right")
"""

# Without a descriptor.
MAPPED_ALONE = """
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
fd = os.open(home + "/lower", os.O_RDWR)
address = libc.mmap(None, 4096, 3, 1, fd, 0)
os.close(fd)
os.unlink(home + "/lower")
await_go()
say(ctypes.string_at(address, 5).decode())
"""
