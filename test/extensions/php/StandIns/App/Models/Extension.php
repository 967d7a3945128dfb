<?php

declare(strict_types=1);

namespace App\Models;

/** Stand-in for the records of installed extensions. */
class Extension
{
    /** @var array<string, array<string, mixed>> settings by the names of extensions */
    private static array $installed = [];

    /** @param array<string, mixed> $settings */
    public static function standInInstall(string $extension, array $settings): void
    {
        self::$installed[$extension] = $settings;
    }

    /** @return array<string, mixed> */
    public static function standInSettings(string $extension): array
    {
        return self::$installed[$extension];
    }
}
