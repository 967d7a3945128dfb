# Installs WordPress into /var/www/html of a container that has a web server with
# PHP, MariaDB and WP-CLI (wp). It may be cut off anywhere and run again.
set -euo pipefail
umask 022
root=/var/www/html
site() { wp --allow-root --path="$root" "$@"; }
secret() { head -c 24 /dev/urandom | base64 | tr -d '+/='; }

command -v wp >/dev/null || { echo 'There is no WP-CLI (wp) in this container'; exit 1; }
mkdir -p "$root"
[ -f "$root/wp-load.php" ] || site core download

if [ ! -f "$root/wp-config.php" ]; then
  password=$(secret)
  mariadb <<SQL
CREATE DATABASE IF NOT EXISTS wordpress;
CREATE OR REPLACE USER wordpress@localhost IDENTIFIED BY '$password';
GRANT ALL ON wordpress.* TO wordpress@localhost;
SQL
  # Secrets are prompted for, which reads stdin: a command line is seen by every process.
  printf '%s\n' "$password" | site config create --dbname=wordpress --dbuser=wordpress --prompt=dbpass >/dev/null
fi

if ! site core is-installed; then
  secret | site core install --url="https://$PROVISOR_HOSTNAME" --title="$PROVISOR_HOSTNAME" \
    --admin_user=admin --admin_email="$PROVISOR_ADMIN_EMAIL" --skip-email --prompt=admin_password >/dev/null
fi

mkdir -p "$root/wp-content/mu-plugins"
printf '%s\n' "$PROVISOR_LOGIN_PLUGIN" >"$root/wp-content/mu-plugins/provisor-login.php"
if id www-data >/dev/null 2>&1; then chown -R www-data:www-data "$root"; fi
