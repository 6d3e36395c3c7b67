#!/usr/bin/busybox sh
# The first process of the virtual machine. It does the job that it finds, and
# prints what came of it on the console, the only way out.
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox mkdir -p /dev/shm
busybox mount -t tmpfs tmpfs /dev/shm
busybox mount -t tmpfs tmpfs /tmp
busybox ifconfig lo 127.0.0.1 up

cd /platforms/suite || exit
. /platforms/job.sh # defines job and report
# Through a pipe, because programs write in another way to a console.
{
  job </dev/null 2>&1
  echo $? >/tmp/code
} | busybox cat

echo "=== report"
busybox cat "$report"
echo "=== code $(busybox cat /tmp/code)"
busybox poweroff -f
