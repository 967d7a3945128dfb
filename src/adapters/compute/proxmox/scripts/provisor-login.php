<?php

/**
 * Plugin Name: Sign-in links of Provisor
 * Description: Signs the administrator in by a link that works once.
 */

declare(strict_types=1);

// The proxy in front ends TLS. Without this WordPress would redirect to itself for ever.
if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
    $_SERVER['HTTPS'] = 'on';
}

add_action(
    'init',
    static function (): void {
        $token = $_GET['provisor-login'] ?? null;
        if (!is_string($token)) {
            return;
        }
        nocache_headers();
        $key = 'provisor_login_' . hash('sha256', $token);
        $user = (int) get_transient($key);
        // Of two visits at once only the one that removes it is signed in.
        if ($user > 0 && delete_transient($key)) {
            wp_set_auth_cookie($user);
            wp_safe_redirect(admin_url());
        } else {
            wp_safe_redirect(wp_login_url());
        }
        exit;
    }
);
