"""qemu-system-x86_64, which computes every instruction of a small Linux guest itself."""

import hashlib
import os
import re
import shutil
import subprocess

import checks
import job
import stage as stages

KERNEL = "/var/cache/tardigrade/guest-kernel"  # third_party/install_packages
BOOT_SECONDS = 120


class Qemu(job.Job):
    name = "qemu"
    is_quiet = True

    @staticmethod
    def prepare(common):
        root = os.path.join(common, "root")
        os.makedirs(os.path.join(root, "bin"))
        os.mkdir(os.path.join(root, "dev"))
        shutil.copy("/bin/busybox", os.path.join(root, "bin/busybox"))
        shutil.copy(stages.script("guest_init.sh"), os.path.join(root, "init"))
        os.chmod(os.path.join(root, "init"), 0o755)
        names = "\n".join((".", "bin", "bin/busybox", "dev", "init"))
        with open(os.path.join(common, "initrd"), "wb") as initrd:
            command = ["busybox", "cpio", "-o", "-H", "newc"]
            subprocess.run(command, cwd=root, input=names.encode(), stdout=initrd, stderr=subprocess.DEVNULL, check=True)

    def start(self):
        self.stage.start(
            "qemu-system-x86_64",
            *("-accel", "tcg", "-m", "128", "-display", "none", "-nodefaults", "-no-reboot"),
            *("-kernel", KERNEL, "-initrd", os.path.join(self.stage.common, "initrd")),
            *("-append", "console=ttyS0 quiet panic=-1", "-serial", "file:serial"),
        )
        checks.wait_until(self.count, f"the guest counts{self.stage.complaint()}", BOOT_SECONDS)

    def count(self):
        return len(self.lines())

    def lines(self):
        return re.findall(r"^guest (\d+) (\w+)\r?\n", self.stage.read("serial"), re.MULTILINE)

    def work(self, number):
        self.go_on()

    def check(self):
        self.go_on()

    def go_on(self):
        before = self.count()
        checks.wait_until(lambda: self.count() > before + 5, "the guest goes on")

    def finish(self):
        self.stage.terminate()
        lines = self.lines()
        wanted = [(str(n), hashlib.md5(b"%d\n" % n).hexdigest()) for n in range(len(lines))]
        checks.expect(lines == wanted, "the guest has lost count")
