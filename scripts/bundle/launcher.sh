#!/bin/sh
# Runs Arrowhead with the Node that came with it, from any folder and through links.
self=$0
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=${self%/*}/$target ;;
  esac
done
case $self in
  */*) home=${self%/*}/ ;;
  *) home=./ ;;
esac
home=$(CDPATH='' cd -- "$home" && pwd -P) || exit 1
# As it was typed: hints and help name it.
case $0 in
  *[!A-Za-z0-9_./+-]*) ARROWHEAD_COMMAND="'$0'" ;;
  *) ARROWHEAD_COMMAND=$0 ;;
esac
export ARROWHEAD_COMMAND
exec "$home/bin/node" "$home/electron/cli/main.js" "$@"
