#!/bin/sh
# A nemesis for tests: what it is told goes to $NEMESIS_DIR/log. It can do what
# $NEMESIS_DIR/can says, and does what the file of an order's name says.
set -eu
cd "$NEMESIS_DIR"
echo "$*" >>log
case $1 in
capabilities) cat can ;;
*) if [ -f "$1" ]; then . "./$1"; fi ;;
esac
