# Sourced by the scripts of clients. Each step prints one line that the runner
# reads: ok, FAIL or skip, a tab, the step's name; what a failed step printed
# follows, indented.
#
# The runner sets ENDPOINT (URL of the server), WORK (an empty directory, gone
# afterwards), AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION.
set -u
cd "$WORK"
HOST=${ENDPOINT#*://}
out=$WORK/.out

ok() { printf 'ok\t%s\n' "$1"; }
skip() { printf 'skip\t%s\t%s\n' "$1" "$2"; }
fail() {
  printf 'FAIL\t%s\n' "$1"
  shift
  { [ $# -eq 0 ] || printf '%s\n' "$*"; tail -n 12 "$out"; } | cut -c -400 | sed 's/^/    /'
}

# step NAME COMMAND...: the command succeeds.
step() {
  local name=$1 code; shift
  "$@" >"$out" 2>&1 </dev/null; code=$?
  if [ $code -eq 0 ]; then ok "$name"; else fail "$name" "exit $code: $*"; fi
}

# says NAME PATTERN COMMAND...: it succeeds, and its output matches the
# extended regular expression.
says() {
  local name=$1 want=$2 code; shift 2
  "$@" >"$out" 2>&1 </dev/null; code=$?
  if [ $code -ne 0 ]; then fail "$name" "exit $code: $*"
  elif ! grep -Eq -- "$want" "$out"; then fail "$name" "no line matches $want: $*"
  else ok "$name"; fi
}

# refuses NAME PATTERN COMMAND...: it fails, and its output matches.
refuses() {
  local name=$1 want=$2 code; shift 2
  "$@" >"$out" 2>&1 </dev/null; code=$?
  if [ $code -eq 0 ]; then fail "$name" "succeeded: $*"
  elif ! grep -Eq -- "$want" "$out"; then fail "$name" "exit $code, no line matches $want: $*"
  else ok "$name"; fi
}

# random FILE BYTES: writes bytes that no compression can shrink.
random() { head -c "$2" /dev/urandom >"$1"; }

# count COMMAND...: how many lines it prints.
count() { "$@" 2>/dev/null | wc -l | tr -d ' '; }

# equal GOT WANT
equal() { [ "$1" = "$2" ] || { echo "got $1, want $2"; return 1; }; }

# tree DIR: files with names that clients get wrong.
tree() {
  mkdir -p "$1/sub/deep" "$1/ünï cödé" "$1/per%cent"
  echo plain >"$1/plain.txt"
  echo space >"$1/a b  c.txt"
  echo plus >"$1/a+b=c&d.txt"
  echo percent >"$1/per%cent/100%25.txt"
  echo unicode >"$1/ünï cödé/日本語 – ☃.txt"
  echo quote >"$1/sub/it's \"(quoted)\" [x] {y}.txt"
  echo hash >"$1/sub/deep/#hash;semi:colon,at@~tilde^.txt"
  : >"$1/sub/empty"
  random "$1/sub/deep/big.bin" 20000000
}
