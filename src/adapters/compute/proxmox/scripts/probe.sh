# Says how far the installation is: installed, installing, failed (and why) or ready.
main() {
  local state=/var/lib/provisor
  mkdir -p "$state" && cd "$state" || return 1
  if [ -f installed ] && [ -f /var/www/html/wp-config.php ]; then
    echo installed
  elif ! flock --nonblock lock true; then
    echo installing
  elif [ -f failed ]; then
    echo failed
    tail -n 1 log
  else
    echo ready
  fi
}
main; exit
