"""mpirun with four ranks that talk through shared memory: Open MPI and MPICH, each with a program of Debian's."""

import os
import random
import re

import checks
import job

HPCC_INPUT = "/usr/share/doc/hpcc/examples/_hpccinf.txt"
TACHYON = "/usr/lib/x86_64-linux-gnu/libtachyon-mpich.so.0"


class OpenMpi(job.Job):
    """The HPC Challenge suite, which checks what it computes."""

    name = "openmpi"

    def start(self):
        with open(HPCC_INPUT, encoding="ascii") as file:
            text = file.read()
        # Small enough for two processors, and each of its steps is there.
        self.stage.write("hpccinf.txt", re.sub(r"^1000(?= +Ns$)", "600", text, flags=re.M))
        self.stage.start(
            "mpirun.openmpi",
            *["--allow-run-as-root", "--oversubscribe", "--mca", "btl", "vader,self"],
            *["--mca", "mpi_yield_when_idle", "1", "-np", "4", "hpcc"],
        )

    def work(self, number):
        """Its report grows while it goes from step to step."""
        more = len(self.stage.read("hpccoutf.txt")) + 1
        checks.wait_until(
            lambda: len(self.stage.read("hpccoutf.txt")) >= more, "the report of hpcc grows", 60
        )

    def finish(self):
        self.stage.wait_for_end(200)
        report = self.stage.read("hpccoutf.txt")
        checks.expect("Success=1" in report, f"hpcc reports no success: {report[-300:]}")
        checks.expect("PASSED" in report and "FAILED" not in report, "hpcc has computed something else")


def scene():
    """Balls in a box, some of glass, in the language of tachyon."""
    chance = random.Random(4)
    lines = [
        "BEGIN_SCENE",
        "RESOLUTION 300 300",
        "CAMERA ZOOM 1.0 ASPECTRATIO 1.0 ANTIALIASING 12 RAYDEPTH 12",
        "CENTER 0.0 0.0 -5.0 VIEWDIR 0.0 0.0 1.0 UPDIR 0.0 1.0 0.0",
        "END_CAMERA",
        "LIGHT CENTER 4.0 3.0 -4.0 RAD 0.2 COLOR 0.6 0.6 0.5",
    ]
    for _ in range(60):
        x, y, z = (chance.uniform(-2, 2) for _ in range(3))
        lines.append(f"SPHERE CENTER {x:.3f} {y:.3f} {z:.3f} RAD {chance.uniform(0.2, 0.6):.3f}")
        red, green, blue = (chance.random() for _ in range(3))
        lines.append(
            f"TEXTURE AMBIENT 0.1 DIFFUSE 0.5 SPECULAR 0.4 OPACITY {chance.choice((0.5, 1.0))}"
            f" COLOR {red:.2f} {green:.2f} {blue:.2f} TEXFUNC 0"
        )
    return "\n".join([*lines, "END_SCENE", ""])


class Mpich(job.Job):
    """A ray tracer; its picture is that of an undisturbed run."""

    name = "mpich"
    wanted = b""

    @classmethod
    def command(cls, stage):
        return [
            *["env", f"LD_LIBRARY_PATH={stage.dir}", "mpirun.mpich", "-np", "4"],
            *["tachyon-nox", "scene.dat", "-o", "picture.tga", "-format", "TARGA"],
        ]

    def set_up(self):
        self.stage.write("scene.dat", scene())
        # Of its variants the one for MPICH, whichever the system prefers.
        os.symlink(TACHYON, self.stage.path("libtachyon.so.0"))

    def start(self):
        self.set_up()
        if not Mpich.wanted:
            # Its ranks spin while they wait for each other, on few processors that others want too.
            self.stage.ask(*self.command(self.stage), seconds=200)
            Mpich.wanted = self.picture()
            os.unlink(self.stage.path("picture.tga"))
        self.stage.start(*self.command(self.stage))

    def picture(self):
        with open(self.stage.path("picture.tga"), "rb") as file:
            return file.read()

    def work(self, number):
        """Its first rank writes how far it is, in per cent."""
        wanted = 15 * (number + 1)

        def is_there():
            return any(int(share) >= wanted for share in re.findall(r"(\d+)% ", self.stage.read("out")))

        checks.wait_until(is_there, f"{wanted} % of the picture", 60)

    def finish(self):
        self.stage.wait_for_end(200)
        checks.expect(self.picture() == self.wanted, "the picture is another one")
