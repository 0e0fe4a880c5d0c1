#!/bin/bash
# PID 1 of a lab machine: makes the namespaces look like a machine of its own, then keeps its services running.
# Called as: machine-init.sh NAME DIR. Every executable in DIR/services is a service: started at once, started again
# when it ends (after 0.2 s, growing to 5 s while it keeps failing), its output in DIR/log.
set -u
name=$1 dir=$2

prepare_mounts() {
  mount -t sysfs sysfs /sys
  if [ -n "${SKIFF_CGROUP2:-}" ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir -p /sys/fs/cgroup/init && echo 1 > /sys/fs/cgroup/init/cgroup.procs
    sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control
  else
    mount -t tmpfs cgroup /sys/fs/cgroup
    for c in cpu cpuacct cpuset memory devices freezer blkio pids; do
      mkdir "/sys/fs/cgroup/$c" && mount -t cgroup -o "$c" cgroup "/sys/fs/cgroup/$c"
    done
    mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
  fi
  mount -t tmpfs tmpfs /run
  mkdir -p /run/netns /run/containerd /run/lock "$dir/cni/cache" /var/lib/cni
  mount --bind "$dir/cni/cache" /var/lib/cni
}

keep_running() {
  local service=$1 log delay started child code
  log=$dir/log/$(basename "$service").log
  delay=0.2
  while :; do
    started=$SECONDS
    "$service" >> "$log" 2>&1 &
    child=$!
    echo "$child" > "/run/$(basename "$service").pid"
    wait "$child"
    code=$?
    echo "$(date -u +%FT%TZ) $(basename "$service") ended with code $code, starting it again in $delay s" >> "$log"
    sleep "$delay"
    if [ $((SECONDS - started)) -gt 10 ]; then delay=0.2; else case $delay in 0.2) delay=1 ;; *) delay=5 ;; esac fi
  done
}

hostname "$name"
prepare_mounts || exit 1
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
mkdir -p "$dir/log" "$dir/services"
touch "$dir/booted"
while [ ! -e "$dir/plugged-in" ]; do sleep 0.02; done
for service in "$dir"/services/*; do
  [ -x "$service" ] && keep_running "$service" &
done
trap 'exit 0' TERM
while :; do wait; sleep 1; done
