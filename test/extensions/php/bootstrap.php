<?php

/**
 * Loads Debian's parts of Laravel, the built extensions, the client and the
 * stand-ins. Every notice and deprecation of ours is an error; those of
 * Laravel 8 on a newer PHP are its own.
 */

declare(strict_types=1);

error_reporting(E_ALL);
$parts = ['Http', 'View', 'Translation', 'Auth', 'Events', 'Container', 'Filesystem', 'Routing', 'Validation'];
foreach ($parts as $part) {
    require_once "Illuminate/$part/autoload.php";
}
require_once 'GuzzleHttp/autoload.php';

set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    $isTheirs = str_starts_with($file, '/usr/share/php/');
    if ($isTheirs && in_array($level, [E_DEPRECATED, E_USER_DEPRECATED], true)) {
        return true;
    }
    throw new ErrorException($message, 0, $level, $file, $line);
});

spl_autoload_register(static function (string $class): void {
    $places = [
        'Paymenter\\Extensions\\' => (string) getenv('PROVISOR_STAGE_EXTENSIONS'),
        'Provisor\\Client\\' => __DIR__ . '/../../../extensions/clients/php/src',
        'Provisor\\Tests\\' => __DIR__,
        'App\\' => __DIR__ . '/StandIns/App',
        'Livewire\\' => __DIR__ . '/StandIns/Livewire',
    ];
    foreach ($places as $prefix => $folder) {
        $file = $folder . '/' . str_replace('\\', '/', substr($class, strlen($prefix))) . '.php';
        if (str_starts_with($class, $prefix) && is_file($file)) {
            require $file;
            return;
        }
    }
});

$views = sys_get_temp_dir() . '/provisor-views-' . bin2hex(random_bytes(6));
mkdir($views);
register_shutdown_function(static function () use ($views): void {
    array_map(unlink(...), glob("$views/*") ?: []);
    rmdir($views);
});
Provisor\Tests\Harness\Panel::start($views);
