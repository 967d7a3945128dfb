/**
 * What runs on the nginx server: one fixed command, the same for every call. All
 * that a customer has a say in comes on its standard input, as data.
 *
 * It holds a lock on the directory for as long as it runs and speaks in lines, so
 * that we decide on this side while nothing can change on that one:
 *
 *   it  file NAME, line FIRST-LINE …, end     what there is
 *   we  put|new|delete|keep NAME BYTES        and the bytes; `new` only where there is none
 *   it  test STATUS, say TEXT …, end          the new configuration is in its place and was tested
 *   we  go | back
 *   it  reload STATUS, say TEXT …, end        or, after `back`, the test of the old one again
 *
 * When we fall silent it goes back. Before it began, it puts aside what it is
 * about to replace; if it is killed in between, the next run puts that back.
 */

const script = `
set -u
LC_ALL=C; export LC_ALL
trap '' HUP PIPE
dir=$1 test=$2 reload=$3
cd -- "$dir" || exit 0
umask 022
for old in .provisor-old-*; do
  if [ -f "$old" ]; then mv -f -- "$old" "\${old#.provisor-old-}"; fi
done
for new in .provisor-new-*; do
  if [ -f "$new" ]; then rm -f -- "\${new#.provisor-new-}" "$new"; fi
done
rm -f .provisor-tmp
restore() {
  if [ -f ".provisor-old-$file" ]; then mv -f -- ".provisor-old-$file" "$file"; fi
  if [ -f ".provisor-new-$file" ]; then rm -f -- "$file" ".provisor-new-$file"; fi
}
tell() {
  out=$(sh -c "$2" 2>&1 </dev/null)
  echo "$1 $?"
  printf '%s\\n' "$out" | sed 's/^/say /'
}
set -- ./*.conf
if [ -e "$1" ]; then awk 'FNR == 1 { print "file " FILENAME; print "line " $0; nextfile }' "$@"; fi
echo end
read -r verb file size || exit 0
case $file in ''|.*|*[!a-z0-9.-]*) exit 0;; esac
case $verb in
  put|new)
    if [ "$verb" = new ] && [ -e "$file" ]; then echo exists; echo end; exit 0; fi
    head -c "$size" >.provisor-tmp
    if [ "$(wc -c <.provisor-tmp)" -ne "$size" ]; then rm -f .provisor-tmp; exit 0; fi
    if [ -e "$file" ]; then cp -p -- "$file" ".provisor-old-$file"; else : >".provisor-new-$file"; fi
    mv -f -- .provisor-tmp "$file" ;;
  delete) mv -f -- "$file" ".provisor-old-$file" ;;
  keep) ;;
  *) exit 0 ;;
esac
tell test "$test"
echo end
read -r answer || answer=back
if [ "$answer" = go ]; then
  said=$(tell reload "$reload")
  case $said in
    'reload 0'*) rm -f ".provisor-old-$file" ".provisor-new-$file" ;;
    *) restore ;;
  esac
  printf '%s\\n' "$said"
else
  restore
  tell test "$test"
fi
echo end
`;

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The command for a server. All of it comes from the operator's configuration. */
export const remoteCommand = (options: { directory: string; test: string; reload: string }): string => {
  const { directory, test, reload } = options;
  return ['flock', '-w', '15', quote(directory), 'sh', '-c', quote(script), 'provisor']
    .concat([directory, test, reload].map(quote))
    .join(' ');
};
