# Begins the installation in a process of its own and ends at once. Reads, base64
# and a line each: host name, address of the administrator, plan, the script to
# run, the plugin for sign-in links. While one holds the lock a second one does nothing.
main() {
  local hostname email plan script plugin
  IFS= read -r hostname && IFS= read -r email && IFS= read -r plan &&
    IFS= read -r script && IFS= read -r plugin || return 1
  umask 077
  mkdir -p /var/lib/provisor && cd /var/lib/provisor || return 1
  PROVISOR_HOSTNAME=$(printf %s "$hostname" | base64 -d)
  PROVISOR_ADMIN_EMAIL=$(printf %s "$email" | base64 -d)
  PROVISOR_PLAN=$(printf %s "$plan" | base64 -d)
  PROVISOR_LOGIN_PLUGIN=$(printf %s "$plugin" | base64 -d)
  PROVISOR_INSTALL=$(printf %s "$script" | base64 -d)
  export PROVISOR_HOSTNAME PROVISOR_ADMIN_EMAIL PROVISOR_PLAN PROVISOR_LOGIN_PLUGIN PROVISOR_INSTALL
  setsid --fork flock --nonblock lock bash -c '
    rm -f failed
    if bash -c "$PROVISOR_INSTALL" >log 2>&1; then touch installed; else touch failed; fi
  ' </dev/null >/dev/null 2>&1
}
main; exit
