#!/bin/bash
# Writes through io_uring with registered buffers and files, reads all of it back and verifies it.
set -e
fio --name=check --filename=data --size=12m --ioengine=io_uring --iodepth=8 --rw=randrw --bs=4k --fixedbufs=1 \
  --registerfiles=1 --rate_iops=400,400 --verify=crc32c --verify_fatal=1 --do_verify=1 --output=fio.log >&2
grep -c 'err= 0' fio.log
