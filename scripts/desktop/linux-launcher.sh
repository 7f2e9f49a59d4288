#!/bin/sh
# Starts the packaged app on Linux, and says what to do where Chromium cannot make its sandbox. It is never given up
# silently: `--no-sandbox`, which launchers of AppImages add by themselves, counts only with ARROWHEAD_NO_SANDBOX=1.
here=$(dirname "$(readlink -f "$0")")

count=$#
while [ "$count" -gt 0 ]; do
  argument=$1
  shift
  [ "$argument" = --no-sandbox ] || set -- "$@" "$argument"
  count=$((count - 1))
done
[ "${ARROWHEAD_NO_SANDBOX:-}" != 1 ] || set -- --no-sandbox "$@"

"$here/arrowhead-bin" "$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT HUP
wait "$child"
status=$?
# A trapped signal ends the wait, not the app.
while kill -0 "$child" 2>/dev/null; do
  wait "$child"
  status=$?
done

has_sandbox() {
  [ "$(stat -c '%u %a' "$here/chrome-sandbox" 2>/dev/null)" = '0 4755' ] || unshare -Ur true 2>/dev/null
}
# SIGILL, SIGTRAP and SIGABRT: how Chromium ends where it refuses to run.
case $status in
  132 | 133 | 134) ;;
  *) exit "$status" ;;
esac
! has_sandbox || exit "$status"

text="Arrowhead could not start: this system lets no program make a sandbox for its window (Ubuntu 23.10 and newer restrict user namespaces).

Any one of these helps:
 - install the .deb or .rpm package, which brings a sandbox of its own;
 - or make this one usable:
     sudo chown root:root '$here/chrome-sandbox' && sudo chmod 4755 '$here/chrome-sandbox'
 - or allow user namespaces until the next start of the machine:
     sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0
 - or start Arrowhead without a sandbox, at your own risk: ARROWHEAD_NO_SANDBOX=1"
printf '%s\n' "$text" >&2
if command -v zenity >/dev/null 2>&1; then
  zenity --error --no-markup --title=Arrowhead --text="$text" 2>/dev/null
elif command -v kdialog >/dev/null 2>&1; then
  kdialog --title Arrowhead --error "$text" 2>/dev/null
elif command -v xmessage >/dev/null 2>&1; then
  xmessage "$text" 2>/dev/null
fi
exit "$status"
