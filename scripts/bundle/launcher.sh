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
exec "$home/bin/node" "$home/electron/cli/main.js" "$@"
