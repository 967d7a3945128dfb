<?php

declare(strict_types=1);

namespace Livewire;

/** Stand-in for Livewire's facade: components by their names. */
class Livewire
{
    /** @var array<string, class-string<Component>> */
    private static array $components = [];

    /** @param class-string<Component> $class */
    public static function component(string $name, string $class): void
    {
        self::$components[$name] = $class;
    }

    /** @return class-string<Component> */
    public static function standInClass(string $name): string
    {
        return self::$components[$name];
    }
}
