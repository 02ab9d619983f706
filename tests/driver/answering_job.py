"""A python job that answers through files, so that none of its descriptors are in use for it."""

# sys.argv[1] names the files: NAME.ready is made when it is ready, NAME.go lets it go on, and NAME.said has
# its answer.
PRELUDE = """
import fcntl, mmap, os, socket, sys, time
where = sys.argv[1]
def await_go():
    with open(where + ".ready", "w") as file:
        file.write("ready")
    while not os.path.exists(where + ".go"):
        time.sleep(0.01)
def say(text):
    with open(where + ".part", "w") as file:
        file.write(text)
    os.rename(where + ".part", where + ".said")
def attempt(call):
    try:
        return repr(call())
    except OSError as error:
        return type(error).__name__
"""
