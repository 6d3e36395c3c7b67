#!/bin/sh
# enter_root.sh ROOT CACHE COMMAND...
#
# Runs COMMAND with the folder ROOT as its root and CACHE at /platforms. It is
# called in user, mount and process namespaces of its own: what is mounted and
# registered here is there for COMMAND alone, and is gone when COMMAND is.
set -e
root=$1
cache=$2
shift 2

mkdir -p "$root/platforms"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount --bind "$cache" "$root/platforms"

# A root of another architecture comes with its emulator. The kernel then
# starts that for every such executable, so that tests can start children.
# Without the F flag it is looked up in this root and not in the machine's.
registration=$root/usr/share/qemu/binfmt.d/qemu-aarch64.conf
if [ -e "$registration" ]; then
  mount -t binfmt_misc binfmt_misc "$root/proc/sys/fs/binfmt_misc"
  sed 's/F$//' "$registration" >"$root/proc/sys/fs/binfmt_misc/register"
fi

# As a child of this shell: the first process of a namespace takes no signals.
unshare --root="$root" --wd=/platforms/suite "$@"
exit
