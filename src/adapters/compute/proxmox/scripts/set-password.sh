# Sets the password of a user. Reads, base64 and a line each: user name, password.
main() {
  local user password
  IFS= read -r user && IFS= read -r password || return 1
  user=$(printf %s "$user" | base64 -d)
  password=$(printf %s "$password" | base64 -d)
  # Prompted for, which reads stdin: a command line is seen by every process.
  printf '%s\n' "$password" |
    wp --allow-root --path=/var/www/html user update "$user" --skip-email --prompt=user_pass >/dev/null
}
main; exit
